// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What lies behind failures in a call, at the door and in the server itself, as a
// diagnosis tells it.
var (
	// MediaBlockedAtServer: a firewall in front of the server drops media.
	MediaBlockedAtServer = declare(Kind{
		ID: "server.media_blocked", Title: "A firewall in front of the server drops media", Area: AreaServer, Category: Connection,
		What:  "Clients reach the server's signalling, and nobody's packets reach its media ports.",
		Why:   "The ports for media are not open in the firewall or security group of the server, or are not forwarded by the router in front of it.",
		Sign:  "Several clients of different networks fail and none gets through. The advertised address is right: signalling comes to it.",
		Do:    "Open the media ports for UDP and TCP from everywhere, in the host's firewall and in the provider's.",
		User:  "Sound and video do not work at the moment. The service has been told.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"network.media_blocked", "media.advertised_address"},
		Links: []string{rfc(8445, "7.2.5")},
	})
	// OwnGhost: an earlier connection of the same person is still there.
	OwnGhost = declare(Kind{
		ID: "peer.own_ghost", Title: "The person's own earlier connection is still there", Area: AreaRoom, Category: Connection,
		What:  "Somebody came while an earlier connection of the same person, from the same place, was still in the room.",
		Why:   "A page that was reloaded, or an app that was killed, and whose end the server had not noticed yet.",
		Sign:  "Both are of one user, one address and one client, and the elder has no socket or has long been silent.",
		Do:    "Wait until the elder has gone, which the server sees to, or leave the room before the page is closed.",
		User:  "You are still in the call from before. Please wait a moment and try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpJoin, OpReconnect}, FixedBy: []Party{ByUser, ByApp},
		CausedBy: []string{"signal.lost", "client.suspended", "client.vanished"}, See: []string{"peer.second_login", "peer.id_shared"},
		Links: []string{rfc(6455, "7.1.5")},
	})
	// SecondLogin: the same user is in the room a second time.
	SecondLogin = declare(Kind{
		ID: "peer.second_login", Title: "The same user is in the room a second time", Area: AreaRoom, Category: Permission,
		What:  "The same user is in the room twice at once, on different devices or in different browsers.",
		Why:   "Somebody joined on a phone and a computer, shared an account, or an app gives several people one user id.",
		Sign:  "Both are alive, and come from different addresses or describe themselves differently.",
		Do:    "Give every person a user id of their own. If one may join twice, let them; if not, tell which device is in.",
		User:  "You are in this call on another device as well. Leave it there, or go on here.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpJoin, OpReconnect}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"peer.own_ghost", "peer.id_shared"},
		Links: []string{rfc(7519, "4.1.2")},
	})
	// PeerIDShared: two places use one peer id.
	PeerIDShared = declare(Kind{
		ID: "peer.id_shared", Title: "Two places use one peer id", Area: AreaRoom, Category: API,
		What:  "Two clients use the same peer id at once, and each takes the other's place again and again.",
		Why:   "The app stores the peer id and uses it in two tabs, or a copied page holds it.",
		Sign:  "The peer's sockets replace each other within seconds, from different addresses or clients, as long as both run.",
		Do:    "Keep the peer id with the page it belongs to, such as in `sessionStorage`, and never share it.",
		User:  "This call is open in two places at once. Please close one of them.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpReconnect, OpJoin}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"peer.second_login", "peer.own_ghost"},
		Links: []string{html("webstorage", "the-sessionstorage-attribute")},
	})
	// KeyframeMissing: the publisher sends no key frame.
	KeyframeMissing = declare(Kind{
		ID: "keyframe.missing", Title: "The publisher sends no key frame", Area: AreaMedia, Category: Media,
		What:  "Video arrives and the viewer cannot begin with it: key frames were asked for and none has come.",
		Why:   "Requests for key frames are lost on the way to the publisher, or its encoder ignores them.",
		Sign:  "Packets of the track arrive, the count of requests grows, and the count of key frames does not.",
		Do:    "Look at loss on the way to the publisher. If there is none, update its browser or change the codec.",
		User:  "The picture cannot be shown yet. It should come soon.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByVendor, ByUser},
		See:   []string{"forward.gated", "publish.no_media"},
		Links: []string{rfc(4585, "6.3.1")},
	})
	// ForwardGated: the server holds the track back.
	ForwardGated = declare(Kind{
		ID: "forward.gated", Title: "The server holds the track back", Area: AreaMedia, Category: Media,
		What:  "Media of the track arrives at the server and is not passed on to this viewer.",
		Why:   "There is too little bandwidth for it, the viewer asked for no layer, or the layer that was asked for is not there.",
		Sign:  "The state of forwarding names the reason and since when, while packets arrive from the publisher.",
		Do:    "Compare the layer that was wanted with the target and the estimate of the bandwidth. Ask for a lower layer.",
		User:  "Your connection is too slow for this picture at the moment.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByUser, ByApp, ByOperator},
		See:   []string{"keyframe.missing", "publish.no_media"},
		Links: []string{rfc(7667, "3.7")},
	})
	// PublishNoMedia: a track was announced and nothing of it came.
	PublishNoMedia = declare(Kind{
		ID: "publish.no_media", Title: "A track was announced and nothing of it came", Area: AreaMedia, Category: Media,
		What:  "The client announced a track, the connection for it is up, and not one packet of the track arrived.",
		Why:   "The capture delivers nothing, the encoder did not start, or the client never attached the track to its connection.",
		Sign:  "The track has a time of announcement and none of a first packet, while the connection is connected.",
		Do:    "Look at the outgoing statistics of the client. If no frames are encoded, the capture or the encoder is at fault.",
		User:  "Your camera or microphone sends nothing. Try another one, or reload the page.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByUser, ByApp, ByVendor},
		CausedBy: []string{"capture.no_data", "encoder.failed"}, See: []string{"keyframe.missing", "network.media_blocked"},
		Links: []string{w3c("webrtc", "dom-rtcpeerconnection-addtrack")},
	})
	// AudioInterrupted: the system took the sound away.
	AudioInterrupted = declare(Kind{
		ID: "audio.interrupted", Title: "The system took the sound away from the call", Area: AreaDevice, Category: Device,
		What:  "The client's system gave microphone and loudspeaker to something else for a while.",
		Why:   "A phone call, an assistant, an alarm or another app took the sound over.",
		Sign:  "The client tells of an interruption, and sound stops in the same second while the connection goes on.",
		Do:    "Unmute again when the interruption ends, and show that it happened.",
		User:  "Another app or a phone call took the sound. It comes back when that ends.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByUser},
		See:   []string{"device.in_use", "capture.silent"},
		Links: []string{w3c("mediacapture-streams", "track-muted")},
	})
	// IssuerClock: the clock of whoever issues tokens is wrong.
	IssuerClock = declare(Kind{
		ID: "token.issuer_clock", Title: "The clock of the token's issuer is wrong", Area: AreaAuth, Category: Permission,
		What:  "Tokens that were issued just now say that they were issued at another time.",
		Why:   "The clock of the app's backend runs ahead or behind, or it writes local time where UTC belongs.",
		Sign:  "New tokens of one issuer fail at the same distance from the server's clock, or say that they were issued in the future.",
		Do:    "Run a time service on the backend that signs the tokens, and write times as seconds of UTC.",
		User:  "This call cannot be joined at the moment. Please contact the makers of the app.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"token.expired", "token.not_yet_valid", "server.clock"},
		Links: []string{rfc(7519, "4.1.6"), rfc(5905, "")},
	})
	// ServerStalled: the server's process stood still.
	ServerStalled = declare(Kind{
		ID: "server.stalled", Title: "The server stood still", Area: AreaServer, Category: Server,
		What:  "The server's process did nothing for some time, for everybody at once.",
		Why:   "The machine was paused or moved, ran out of memory or processor time, or its disk stood still.",
		Sign:  "The server's own ticker was late by seconds at the time of the failure, and several people were hit in the same second.",
		Do:    "Look at the host: pauses of the virtual machine, memory, throttling of the processor. Nothing is wrong with the clients.",
		User:  "The service had a short hiccup. You should be reconnected.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpServe, OpReconnect, OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"server.restarted", "server.too_slow", "network.lost"},
		Links: []string{"https://docs.kernel.org/timers/no_hz.html"},
	})
	// ServerRestarted: the server's process was started anew.
	ServerRestarted = declare(Kind{
		ID: "server.restarted", Title: "The server was restarted", Area: AreaServer, Category: Server,
		What:  "The server's process ended and a new one took its place; everybody's connections ended with it.",
		Why:   "An update, a crash, or the system ended the process.",
		Sign:  "The server's start lies between the time the connection was well and the time of the failure.",
		Do:    "Look at the log for the end before the start. An update is best done when nobody is in a call.",
		User:  "The service was restarted. You should be reconnected.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpServe, OpReconnect, OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"server.stalled", "server.draining", "endpoint.refused"},
		Links: []string{rfc(6455, "7.4.1")},
	})
	// ServerTooSlow: the server cannot keep up.
	ServerTooSlow = declare(Kind{
		ID: "server.too_slow", Title: "The server cannot keep up", Area: AreaServer, Category: Server,
		What:  "Packets reached the machine faster than the server took them, and the system dropped some.",
		Why:   "Too little processor time for this many tracks, a machine that is shared with others, or buffers that are too small.",
		Sign:  "The system counts datagrams that found no room in a socket, and the loss is the same for most viewers.",
		Do:    "Give the server more processors, or fewer rooms. Raise `net.core.rmem_max` if the processor is idle.",
		User:  "The service is very busy. Sound and video may stutter.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpServe, OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"server.stalled", "server.overloaded"},
		Links: []string{"https://docs.kernel.org/networking/snmp_counter.html"},
	})
	// FilesExhausted: the server has no file descriptors left.
	FilesExhausted = declare(Kind{
		ID: "server.files_exhausted", Title: "The server has no file descriptors left", Area: AreaServer, Category: Server,
		What:  "The server's process has as many files and sockets open as it may, and cannot open another.",
		Why:   "The limit is low for the number of people, or something holds descriptors that nobody uses.",
		Sign:  "The count of open descriptors is at its limit at the time of the failure.",
		Do:    "Raise the limit, such as `LimitNOFILE` of the service, and look at what is open if it does not fit the number of people.",
		User:  "The service is full at the moment. Please try again later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpServe, OpInit, OpConnect, OpJoin}, FixedBy: []Party{ByOperator},
		See:   []string{"server.overloaded", "server.too_slow"},
		Links: []string{"https://pubs.opengroup.org/onlinepubs/9799919799/functions/getrlimit.html"},
	})
)
