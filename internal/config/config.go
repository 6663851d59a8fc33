// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package config is every setting of the server: one struct whose tags hold
// the defaults and the documentation. It is loaded strictly, checked field by
// field, and rendered back as an annotated file or as a page of the docs, so
// that nothing about a setting is written down twice.
package config

import (
	"net"
	"net/netip"
	"time"
)

// Config is every setting. The tags are the source of everything else: yaml
// names the setting, default is its value in YAML, doc explains it, env names
// an environment variable that overrides it, and secret hides it when printed.
type Config struct {
	HTTP      HTTP      `yaml:"http" doc:"The web side: REST, signalling sockets and the pages."`
	Media     Media     `yaml:"media" doc:"The path of audio and video."`
	Access    Access    `yaml:"access" doc:"Who may sign tokens."`
	Data      Data      `yaml:"data" doc:"What survives a restart."`
	Limits    Limits    `yaml:"limits" doc:"What one client may ask for. Beyond a limit it gets a typed refusal and nobody else notices."`
	Reconnect Reconnect `yaml:"reconnect" doc:"Clients that lose their connection."`
	Events    Events    `yaml:"events" doc:"The record of what went wrong."`
	Webhooks  Webhooks  `yaml:"webhooks" doc:"Events sent to addresses of your own as they are stored."`
	OTLP      OTLP      `yaml:"otlp" doc:"Events sent to an OpenTelemetry collector as log records."`
	Traces    Traces    `yaml:"traces" doc:"Joins followed from the token to the first media, as traces."`
	Inject    Inject    `yaml:"inject" doc:"Provoking faults on purpose."`
	Console   Console   `yaml:"console" doc:"The pages for support and operators; see docs/console.md."`
	Kurento   Kurento   `yaml:"kurento" doc:"The door for clients of Kurento Room; see docs/openvidu.md."`
	OpenVidu  OpenVidu  `yaml:"openvidu" doc:"The door for apps of OpenVidu 2; see docs/openvidu.md."`
	OpenTok   OpenTok   `yaml:"opentok" doc:"The door for apps of OpenTok; see docs/opentok.md."`
	Sceenic   Sceenic   `yaml:"sceenic" doc:"The door for apps of Sceenic WatchTogether; see docs/sceenic.md."`
	Log       Log       `yaml:"log" doc:"What the process says about itself, on standard error."`
	Metrics   Metrics   `yaml:"metrics" doc:"Prometheus metrics."`
	Shutdown  Shutdown  `yaml:"shutdown" doc:"What happens on SIGTERM. SIGHUP, SIGUSR1 and SIGUSR2 stop nothing."`
}

// HTTP is the web side.
type HTTP struct {
	Address        string   `yaml:"address" default:":8080" doc:"Address to listen on, as host:port. Port 0 picks a free one."`
	TLSCert        string   `yaml:"tls_cert" doc:"Certificate chain file (PEM). With it and tls_key set the server speaks https; both are read again when they change, and on SIGHUP."`
	TLSKey         string   `yaml:"tls_key" doc:"Private key file (PEM) of tls_cert."`
	ACME           ACME     `yaml:"acme" doc:"A certificate that the server gets by itself and renews, instead of tls_cert."`
	Redirect       string   `yaml:"redirect_address" doc:"Address of plain HTTP, such as :80, at which browsers are sent to https, and at which the authority of http.acme may call. Empty: none."`
	BehindProxy    []string `yaml:"behind_proxy" doc:"Addresses or networks (10.0.0.0/8) of the proxies in front of this server. Only from these are X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host believed, or Forwarded (RFC 7239) where there is none of them, and only then may a public address do without TLS of its own."`
	AllowPlaintext bool     `yaml:"allow_plaintext" default:"false" doc:"Serve a public address without TLS and without a proxy. Tokens then cross the network in the clear, and browsers give no camera to pages that are neither https nor on localhost."`
	PublicURL      string   `yaml:"public_url" doc:"How clients reach this server, such as https://video.example.org. Empty: taken from each request, and who would get an address that cannot work is refused with server.proxy_unknown."`
	AllowedOrigins []string `yaml:"allowed_origins" default:"[\"*\"]" doc:"Web origins whose pages may call this server. Every call carries a token and none a cookie, so \"*\" is safe."`
}

// Secured tells whether the server itself speaks TLS.
func (h *HTTP) Secured() bool { return h.TLSCert != "" || len(h.ACME.Domains) > 0 }

// OwnURL is where a server that listens at an address answers on its own machine.
func (h *HTTP) OwnURL(address string) string {
	scheme := "http"
	if h.Secured() {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// ACME is how certificates come from an authority (RFC 8555).
type ACME struct {
	Domains   []string `yaml:"domains" doc:"Names that clients use, such as [video.example.org]; they have to lead here. Each gets a certificate, kept in data.dir. The authority calls port 443 of each name or, where http.redirect_address is set, port 80. To ask it is to agree to its terms."`
	Email     string   `yaml:"email" doc:"Where the authority may write to about these certificates."`
	Directory string   `yaml:"directory" default:"https://acme-v02.api.letsencrypt.org/directory" doc:"Directory URL of the authority."`
	RootsFile string   `yaml:"roots_file" doc:"Certificates (PEM) that vouch for the authority's own server, where the system's do not: for an authority of your own."`
}

// Media is the path of audio and video.
type Media struct {
	UDP               string        `yaml:"udp" default:":7882" doc:"UDP address for the media of all peers, as host:port. Port 0 picks a free one. Open it in the firewall."`
	TCP               string        `yaml:"tcp" default:":7881" doc:"TCP address for clients whose network blocks UDP. Empty turns it off."`
	Advertise         []string      `yaml:"advertise" doc:"IP addresses told to clients as this server's media addresses, for machines behind NAT or with several networks. Empty: the addresses of this machine's interfaces."`
	ICE               string        `yaml:"ice" default:"lite" doc:"Which agent of RFC 8445 the server is: lite answers the connectivity checks of clients, which have to reach one of its addresses by themselves; full sends checks of its own as well and needs media.transport pion. A lite server notices a dead path after 7 s, not 4."`
	Transport         string        `yaml:"transport" default:"own" doc:"What carries media: own is the server's own transport, which reads and sends many packets with one system call and is a lite agent; pion is pion/webrtc, which takes about twice the processor time."`
	AllowOddAddresses bool          `yaml:"allow_odd_addresses" default:"false" doc:"Start although the self-check finds that an advertised address cannot be right; it is then only logged."`
	ProbeEvery        time.Duration `yaml:"probe_every" default:"1m" doc:"How often the server sends one small packet to each of its own media addresses, to know whether it comes in: a fact for the diagnosis of failures and for /metrics. 0 turns it off."`
	ICEServers        []ICEServer   `yaml:"ice_servers" doc:"STUN and TURN servers handed to clients as they stand, beside those of media.turn."`
	TURN              TURN          `yaml:"turn" doc:"Relays for clients whose network lets no media through (RFC 8656); see docs/networks.md."`
}

// ICEServer is one STUN or TURN server, as in RTCIceServer
// (https://www.w3.org/TR/webrtc/#rtciceserver-dictionary).
type ICEServer struct {
	URLs       []string `yaml:"urls" doc:"Such as stun:stun.example.org:3478 or turns:turn.example.org:443?transport=tcp."`
	Username   string   `yaml:"username" doc:"User name of a TURN server."`
	Credential string   `yaml:"credential" secret:"true" doc:"Password of a TURN server. It is handed to every client that may join."`
}

// Access is who may sign tokens.
type Access struct {
	AccountID   string        `yaml:"account_id" default:"redial" doc:"The account that events are attributed to."`
	AppID       string        `yaml:"app_id" doc:"The app id that room tokens may carry as the claim app_id. A token that names another app is refused (token.app_id); one that names none is not."`
	Keys        []Key         `yaml:"keys" secret:"true" env:"REDIAL_KEYS" doc:"Pairs that sign tokens; the server accepts tokens of all of them, so a pair can be replaced without a gap. Make one with \"redial token key\". The variable holds them as ACCESS:SECRET, separated by commas."`
	KeyFile     string        `yaml:"key_file" env:"REDIAL_KEY_FILE" doc:"File with one ACCESS:SECRET per line, in addition to keys. Keeps secrets out of this file."`
	TokenLeeway time.Duration `yaml:"token_leeway" default:"30s" doc:"How far the clocks of token issuer and server may disagree."`
}

// Key is one pair that signs tokens.
type Key struct {
	Access string `yaml:"access" doc:"Public half; the access_key claim of a token."`
	Secret string `yaml:"secret" secret:"true" doc:"Secret half; at least 32 bytes (RFC 7518, section 3.2)."`
}

// Data is what survives a restart.
type Data struct {
	Dir            string        `yaml:"dir" default:"data" doc:"Directory of rooms, templates, sessions, revocations and events. Created when missing; relative to the working directory."`
	WriteTimeout   time.Duration `yaml:"write_timeout" default:"5s" doc:"How long an acknowledgement waits for the disk. A disk that has not answered by then counts as one that cannot be written: /readyz says so, calls go on from memory, and locks, removals and REST calls are refused."`
	UnwrittenBytes int           `yaml:"unwritten_bytes" default:"67108864" doc:"Changes of sessions and peers kept in memory while the disk cannot be written. They are written when it can be again; what goes beyond is given up, logged and counted."`
}

// Limits are what one client may ask for.
type Limits struct {
	SDPBytes         int           `yaml:"sdp_bytes" default:"196608" doc:"Longest session description a client may offer. A browser needs up to 8 KB for each track. Answers may be as long as our own offers make them."`
	FrameBytes       int           `yaml:"frame_bytes" default:"262144" doc:"Longest frame on a signalling socket. Leave room for a session description as JSON."`
	FramesPerSecond  int           `yaml:"frames_per_second" default:"200" doc:"How many frames one socket may send, sustained; five times as many at once. Trickled candidates and reports of events count."`
	JoinsPerSecond   float64       `yaml:"joins_per_second" default:"20" doc:"How often one address may ask to connect, sustained. An office behind one address is one address; so is a /64 of IPv6."`
	JoinsBurst       int           `yaml:"joins_burst" default:"60" doc:"How many of these may come at once."`
	Unproven         int           `yaml:"unproven_per_minute" default:"60" doc:"How many refusals of tokens that prove nothing, as nobody known signed them, one address leaves in the record in a minute. More are refused alike and counted, and not recorded."`
	Witness          int           `yaml:"witness_per_minute" default:"30" doc:"How many reports about one participant its own device may hand in within a minute, as witness.js does; see docs/witness.md."`
	Sockets          int           `yaml:"sockets" default:"20000" doc:"Signalling sockets at once."`
	LiveWatchers     int           `yaml:"live_watchers" default:"10" doc:"Streams of live measurements of one room at once."`
	AskedBrowsers    int           `yaml:"asked_browsers" default:"8" doc:"Pages of redial ask that are open at once; see docs/why.md."`
	AddressSockets   int           `yaml:"address_sockets" default:"1000" doc:"Signalling sockets at once from one address."`
	APIPerSecond     float64       `yaml:"api_per_second" default:"200" doc:"How many REST calls one address may make, sustained."`
	APIBurst         int           `yaml:"api_burst" default:"400" doc:"How many of these may come at once."`
	Rooms            int           `yaml:"rooms" default:"1000" doc:"Rooms with a running session at once."`
	RoomPeers        int           `yaml:"room_peers" default:"200" doc:"Peers at once in a room that sets no limit of its own."`
	Peers            int           `yaml:"peers" default:"0" doc:"Peers on this node, those that are held included. Beyond it newcomers are refused as server.overloaded, and who was inside comes back. 0: 1,000 per processor."`
	Tracks           int           `yaml:"tracks" default:"0" doc:"Tracks published on this node; what is beyond is not announced. 0: 2,000 per processor."`
	MemoryBytes      int           `yaml:"memory_bytes" default:"0" doc:"Memory of the process at which newcomers are refused. 0: 80 % of what the machine or the control group has."`
	CPUPercent       int           `yaml:"cpu_percent" default:"90" doc:"Share of the processors, used by this process for some seconds, at which newcomers are refused, until it is a tenth below. 0 turns it off."`
	PeerTracks       int           `yaml:"peer_tracks" default:"20" doc:"Tracks one peer may publish at once."`
	ReceivedTracks   int           `yaml:"received_tracks" default:"512" doc:"Tracks one peer receives at once. What is beyond is not sent to it, and it is told so."`
	OfferedVideos    int           `yaml:"offered_videos" default:"25" doc:"Videos of a room that clients are offered without asking. Who joins a room with more is made to ask for each that it shows, as the 100ms SDK can, so that its session descriptions stay small."`
	SocketQueue      int           `yaml:"socket_queue_bytes" default:"4194304" doc:"Bytes that may wait to be written to one signalling socket. A client that leaves more unread loses the socket (signal.slow_consumer) and may come back."`
	Queues           int           `yaml:"queue_bytes" default:"67108864" doc:"Bytes that may wait to be written to all signalling sockets. Beyond it the one with the most waiting is cut."`
	AwayBytes        int           `yaml:"away_bytes" default:"262144" doc:"Bytes of messages and requests kept for a peer that lost its socket. What is beyond is dropped, and the peer told so when it is back (message.lost); the state of the room comes anew in any case."`
	KeptBytes        int           `yaml:"kept_bytes" default:"67108864" doc:"Bytes of these messages and requests for all peers together, with those that peers have not shown yet that they got. Beyond it the oldest go of the peers with the most; a peer that lost some is told so when it is back (message.lost)."`
	SocketRate       int           `yaml:"socket_bytes_per_second" default:"1048576" doc:"Bytes one signalling socket may send, sustained; four times as many at once. Beyond it the server reads more slowly."`
	TellRate         int           `yaml:"tell_bytes_per_second" default:"65536" doc:"Bytes one peer may tell others: messages, metadata, its name and data, mutes; sustained, eight times as many at once. Each call counts for 1 KiB at least, and for the peer's data, which goes with it."`
	FanoutRate       int           `yaml:"fanout_bytes_per_second" default:"4194304" doc:"Bytes that what one peer does makes the server send to others, counted for each who is told; sustained, eight times as many at once. Beyond it the next call that others would hear of is refused. A message counts with everybody it goes to, and a change of a peer with the peer's data."`
	AnswerRate       int           `yaml:"answer_bytes_per_second" default:"524288" doc:"Bytes that what one peer asks and the answers to it may have, sustained; eight times as many at once. A search for peers counts for 4 KiB at least, the result of a poll for 32 KiB."`
	OffersPerSecond  int           `yaml:"offers_per_second" default:"5" doc:"Offers of one peer, sustained; six times as many at once."`
	EarlyOffers      int           `yaml:"early_offers" default:"32" doc:"Offers of one peer that are answered before its media path is up."`
	RoomMetadata     int           `yaml:"room_metadata_bytes" default:"1048576" doc:"Bytes of metadata that one session may hold."`
	RoomPolls        int           `yaml:"room_poll_bytes" default:"8388608" doc:"Bytes of polls, their answers included, that one session may hold."`
	LayoutBytes      int           `yaml:"layout_bytes" default:"16384" doc:"Bytes of what is stored with a template of how a ready-made room looks to one role."`
	BodyTimeout      time.Duration `yaml:"body_timeout" default:"20s" doc:"How long the body of a request may take to arrive."`
	AnswerWarning    time.Duration `yaml:"answer_warning" default:"30s" doc:"How long an offer of the server may wait for its answer before the client and the record are told (negotiation.timeout). Who lost its socket is offered it again when it is back."`
	AnswerTimeout    time.Duration `yaml:"answer_timeout" default:"2m" doc:"After which the session of a client ends that does not answer, as nothing can be sent to it."`
	UnprovenRate     int           `yaml:"unproven_bytes_per_second" default:"65536" doc:"What the media port may send per second, over all connections, to addresses that clients name in candidates and that have sent nothing. Beyond three times the bytes that named an address nothing goes to it anyway. A client that sends checks of its own is answered regardless."`
	UnprovenTarget   int           `yaml:"unproven_target_bytes" default:"8192" doc:"The same in a minute to one host: an IPv4 address or a /64 of IPv6."`
	STUNRate         int           `yaml:"stun_per_second" default:"200" doc:"Binding requests to a STUN server that the media port answers in a second, where clients are told to ask it: those of the doors of OpenVidu, Kurento Room, Sceenic and OpenTok when media.ice_servers has none. What is beyond is not answered. 0: none is."`
	STUNHostRate     int           `yaml:"stun_host_per_minute" default:"120" doc:"The same of one host in a minute: an IPv4 address or a /64 of IPv6."`
	Retransmits      int           `yaml:"retransmits" default:"3" doc:"How often one lost packet is sent again to one subscriber. A repeat follows the last one after a round trip at the earliest."`
	RetransmitShare  int           `yaml:"retransmit_percent" default:"50" doc:"Share of what a subscriber's downlink is thought to carry that packets sent again may take. What is asked for beyond is not sent; the layers it gets leave room for the rest."`
	HandshakeTimeout time.Duration `yaml:"handshake_timeout" default:"10s" doc:"How long a client may take to send the headers of a request."`
}

// Reconnect is how lost clients are treated.
type Reconnect struct {
	Hold   time.Duration `yaml:"hold" default:"75s" doc:"How long a peer whose socket dropped keeps its place, its connections and its tracks. Clients try for 60 s, so less than that loses calls that could be saved."`
	Linger time.Duration `yaml:"linger" default:"15s" doc:"How long a room keeps its session after the last peer has left."`
}

// Events is the record of what went wrong.
type Events struct {
	Store         string        `yaml:"store" default:"sqlite" doc:"Where events are kept: sqlite, a file in data.dir, or clickhouse, for histories that outgrow this machine."`
	Retention     time.Duration `yaml:"retention" default:"720h" doc:"How long events are kept, unless their account has chosen itself over REST. 0 keeps them for ever."`
	MaxBytes      int64         `yaml:"max_bytes" default:"10737418240" doc:"How large the events of store: sqlite may become on disk; events.clickhouse.max_bytes is for the other. Beyond it the oldest events go, of the account that holds most, with a line in the log. 0 is no bound."`
	PeopleBytes   int64         `yaml:"people_bytes" default:"1073741824" doc:"How large the index of people, by which they are found by name, may become in the file of store: sqlite. Beyond it the attempts that were over longest ago can no longer be found by name, of the account that has most; their events stay. 0 is no bound."`
	Queue         int           `yaml:"queue" default:"4096" doc:"Events waiting to be stored before new ones are dropped and counted."`
	KeepAddresses bool          `yaml:"keep_addresses" default:"false" doc:"Store IP addresses in full. Otherwise the host part of each is masked."`
	Quotas        Quotas        `yaml:"quotas" doc:"What is stored on the word of others, in a minute and at once. What is beyond is refused with server.event_quota, which names the limit. 0 is no limit."`
	ClickHouse    ClickHouse    `yaml:"clickhouse" doc:"The ClickHouse of store: clickhouse."`
}

// Inject is provoking faults.
type Inject struct {
	Enabled bool `yaml:"enabled" default:"false" doc:"Let whoever holds a management token with the grant \"inject\" make calls of this server fail on purpose. For servers that are for testing; \"redial dev\" has it on."`
}

// Kurento is the door for clients of Kurento Room, who show no token.
type Kurento struct {
	Enabled bool `yaml:"enabled" default:"false" doc:"Let everybody who reaches /room join rooms of this server by their names, under a name that nobody else has there, with no token, as a publisher. For networks whose people are known."`
	Rooms   int  `yaml:"rooms" default:"0" doc:"Rooms that may be made, in the life of the process, because somebody asked to join one that there was not. 0: only rooms that are there are joined."`

	JoinTimeout time.Duration `yaml:"join_timeout" default:"60s" doc:"How long a socket at /room may be open that nobody joins by."`
}

// OpenVidu is the door for apps of OpenVidu 2.
type OpenVidu struct {
	Secret  string `yaml:"secret" secret:"true" env:"REDIAL_OPENVIDU_SECRET" doc:"Password of the user OPENVIDUAPP, with which backends call the REST API at /openvidu/api; at least 32 bytes. Empty: there is no such door."`
	Pending int    `yaml:"pending" default:"10000" doc:"Sessions, and connections that nobody has joined by yet, that backends may have made at once. Beyond it making more is refused."`

	Simulcast bool `yaml:"simulcast" default:"false" doc:"Ask clients to publish video in several layers, of which each receiver gets what its network carries. A publisher of openvidu-browser decides for itself with videoSimulcast. openvidu-browser sends two layers from 480x270 on, three from 960x540."`

	JoinTimeout time.Duration `yaml:"join_timeout" default:"60s" doc:"How long a socket at /openvidu may be open that nobody joins by. Its token comes over the socket, so that is nobody's until then."`
}

// Sceenic is the door for apps of Sceenic WatchTogether.
type Sceenic struct {
	Key    string `yaml:"key" env:"REDIAL_SCEENIC_KEY" doc:"What backends send as auth-api-key. Empty: there is no such door."`
	Secret string `yaml:"secret" secret:"true" env:"REDIAL_SCEENIC_SECRET" doc:"What backends send as auth-api-secret, and what tokens are signed with; at least 32 bytes."`

	TokenLife   time.Duration `yaml:"token_life" default:"24h" doc:"How long a token is good, for the half of it at least: all who ask for one session in one half get the same."`
	JoinTimeout time.Duration `yaml:"join_timeout" default:"60s" doc:"How long a socket at /sceenic may be open that nobody joins by. Its token comes over the socket, so that is nobody's until then."`
}

// OpenTok is the door for apps of OpenTok.
type OpenTok struct {
	Enabled  bool      `yaml:"enabled" default:"false" doc:"Open the REST API of backends at /session/create and /v2/project, and /opentok for clients. Projects are those below, and those made over REST at /api/v1/projects."`
	Projects []Project `yaml:"projects" secret:"true" env:"REDIAL_OPENTOK_PROJECTS" doc:"Projects in whose names backends call and sign tokens. The variable holds them as KEY:SECRET, separated by commas."`

	MaxProjects    int           `yaml:"max_projects" default:"1000" doc:"Projects that one account may have made over REST."`
	DeniedNetworks []string      `yaml:"denied_networks" doc:"Addresses or networks whose clients are not served, for legal reasons: they are told OT_TERMS_OF_SERVICE_FAILURE (access.terms)."`
	Issues         int           `yaml:"issues_per_minute" default:"10" doc:"Reports of OT.reportIssue that one address may hand in within a minute."`
	CallbackBytes  int           `yaml:"callback_bytes" default:"16777216" doc:"Bytes of callbacks that may wait for the backend of one project. What comes when so many wait is dropped, and counted."`
	CallbackKeep   time.Duration `yaml:"callback_keep" default:"72h" doc:"How long a callback is tried until it is given up."`
	JoinTimeout    time.Duration `yaml:"join_timeout" default:"60s" doc:"How long a socket at /opentok may be open that nobody joins by."`
}

// Project is in whose name a backend calls and signs tokens.
type Project struct {
	Key       string `yaml:"key" doc:"The API key, or the id of an application; 1 to 64 letters, digits, _ and -."`
	Secret    string `yaml:"secret" secret:"true" doc:"The API secret, at least 32 bytes. Empty for an application."`
	PublicKey string `yaml:"public_key" doc:"Public half of the key (PEM, RSA) that an application signs with, instead of a secret."`

	CallbackURL    string `yaml:"callback_url" secret:"true" doc:"Where the project's backend is told of connections and streams that begin and end (POST). Empty: nowhere. It may be in a network that is not public only if that is among webhooks.allow_networks."`
	CallbackSecret string `yaml:"callback_secret" secret:"true" doc:"Signs what is sent there, as for webhooks; at least 32 bytes. Empty: it is not signed."`
}

// Log is what the process says.
type Log struct {
	Format string `yaml:"format" default:"text" doc:"text for people, json for machines."`
	Level  string `yaml:"level" default:"info" doc:"debug, info, warn or error."`
}

// Metrics is how Prometheus gets at the numbers.
type Metrics struct {
	Address string `yaml:"address" doc:"Own address for /metrics, as host:port. Empty: on http.address."`
	Token   string `yaml:"token" secret:"true" env:"REDIAL_METRICS_TOKEN" doc:"Bearer token that /metrics demands. Empty: on http.address it is for this machine only, and not for what comes through a proxy; on an address of its own it is for everybody who reaches that."`
}

// Shutdown is how the server goes.
type Shutdown struct {
	Delay   time.Duration `yaml:"delay" default:"0s" doc:"How long /readyz says no before anything else happens, so that a load balancer can notice."`
	Timeout time.Duration `yaml:"timeout" default:"10s" doc:"How long stopping may take altogether, events flushed, before the process ends regardless."`
}
