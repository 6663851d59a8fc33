// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import "github.com/redial-rtc/redial/fault"

// Faults of media connections, and those that go with them.
var (
	mediaFaults  = []string{"ice.failed", "ice.disconnected", "ice.slow", "dtls.failed", "publish.timeout", "client.rtc_track_missing", "playback.network", "publisher.internal", "subscriber.internal", "negotiation.timeout"}
	socketFaults = []string{"signal.lost", "signal.silent", "signal.closed_early", "peer.gone", "client.not_connected"}
	joinFaults   = []string{"endpoint.unreachable", "signal.upgrade", "signal.closed_early", "tls.failed"}
	anyLoss      = append(append([]string{}, mediaFaults...), socketFaults...)
)

// pathRules are about media connections that never came up.
var pathRules = []*Rule{
	{
		Cause: "ice.no_candidates", Behind: mediaFaults,
		Needs:   []*Clause{offeredNothing, neverUp},
		Refutes: []*Clause{offered, wasUp, stalled},
		Says:    "The client's browser offered no address at which media could reach it: something on the device hides them.",
		Do: []Advice{
			{fault.ByUser, "Try without browser extensions or a VPN, or in another browser."},
			{fault.ByOperator, "Offer a TURN server: browsers that hide their addresses go through it."},
		},
		Rivals: []string{"network.media_blocked", "server.media_blocked", "media.advertised_address"},
	},
	{
		Cause: "network.media_blocked", Behind: mediaFaults,
		Needs:    []*Clause{nothingCame, neverUp, offered, gotThrough},
		Supports: []*Clause{addressRight},
		Refutes:  []*Clause{offeredNothing, nobodyThrough, addressWrong, stalled, restarted},
		Rivals:   []string{"server.media_blocked", "media.advertised_address", "ice.no_candidates", "dtls.datagrams_lost"},
		Says:     "The client's network lets no media out: nothing of the client's came to any media port, while {reach.through}.",
		Do: []Advice{
			{fault.ByUser, "Try another network, such as a phone's."},
			{fault.ByOperator, "Offer a TURN server over TLS on port 443; such networks let that through."},
		},
		Ask: Missing{"client.candidate_errors", "the errors with which the client's browser met its relays: " + howWitness},
	},
	{
		Cause: "media.advertised_address", Behind: mediaFaults,
		Needs:    []*Clause{nothingCame, neverUp, offered, addressWrong},
		Supports: []*Clause{probeAnswered.opposite("the server does not reach itself at the address that it advertises")},
		Refutes:  []*Clause{offeredNothing, othersThrough, elsewhereThrough, probeAnswered, stalled, restarted},
		Rivals:   []string{"server.media_blocked", "network.media_blocked", "ice.no_candidates"},
		Says:     "The server tells its clients a wrong address for media, so nothing of the client's came: its signalling reached the server elsewhere.",
		Do: []Advice{
			{fault.ByOperator, "Set `media.advertise` to the address at which clients reach the server, and forward the media ports to it."},
		},
		Ask: Missing{"reach.probe", probeAnswered.How},
	},
	{
		Cause: "server.media_blocked", Behind: mediaFaults,
		Needs:    []*Clause{nothingCame, neverUp, offered, nobodyThrough, addressRight},
		Supports: []*Clause{probeAnswered},
		Refutes:  []*Clause{offeredNothing, othersThrough, askedBlames, addressWrong, stalled, restarted},
		Rivals:   []string{"media.advertised_address", "network.media_blocked", "ice.no_candidates"},
		Says:     "A firewall in front of the server drops media: nothing came from this client nor from others at the same time, and the address that they are told is right.",
		Do: []Advice{
			{fault.ByOperator, "Open the media ports, UDP and TCP, in the server's firewall and in the provider's, and forward them in the router."},
		},
		Ask: Missing{"reach.probe", probeAnswered.How},
	},
	{
		Cause: "turn.unauthorized", Behind: mediaFaults,
		Needs: []*Clause{offeredNothing, neverUp, relayRefused}, Refutes: []*Clause{wasUp, stalled},
		Says: "The client depends on a relay, and the relay refused its credentials with {client.candidate_errors}.",
	},
	{
		Cause: "turn.unreachable", Behind: mediaFaults,
		Needs: []*Clause{offeredNothing, neverUp, relayUnreachable}, Refutes: []*Clause{wasUp, stalled, relayRefused},
		Says: "The client depends on a relay, and the relay did not answer it.",
	},
	{
		Cause: "turn.capacity", Behind: mediaFaults,
		Needs: []*Clause{offeredNothing, neverUp, relayFull}, Refutes: []*Clause{wasUp, stalled},
		Says: "The client depends on a relay, and the relay is full.",
	},
	{
		Cause: "dtls.datagrams_lost", Behind: mediaFaults,
		Needs:    []*Clause{largeMissing, dtlsOpen, checksPass, dtlsAnswered.opposite("the server had nothing to answer")},
		Supports: []*Clause{smallCame},
		Refutes:  []*Clause{dtlsAnswered, wasUp, dtlsAlert, stalled},
		Rivals:   []string{"dtls.one_way", "dtls.fingerprint", "network.media_blocked"},
		Says:     "The client's network loses large packets: connectivity checks pass, and of the handshake, whose packets are large, no large one came.",
		Do: []Advice{
			{fault.ByUser, "Switch the VPN off, or try another network."},
			{fault.ByOperator, "Keep the TCP port for media open: over it the same call works. Lower the MTU of tunnels on the way."},
		},
	},
	{
		Cause: "dtls.one_way", Behind: mediaFaults,
		Needs:    []*Clause{dtlsAnswered, dtlsOpen, checksPass, smallCame},
		Supports: []*Clause{largeMissing.opposite("the client's whole flight came")},
		Refutes:  []*Clause{wasUp, dtlsAlert, stalled},
		Rivals:   []string{"dtls.datagrams_lost", "dtls.fingerprint"},
		Says:     "The handshake passes in one direction only: the client's part came again and again, and none of the server's {dtls.out} answers reached it.",
	},
	{
		Cause: "dtls.fingerprint", Behind: []string{"dtls.failed", "ice.slow", "ice.failed"},
		Needs:   []*Clause{dtlsAlert, dtlsOpen, checksPass},
		Refutes: []*Clause{wasUp},
		Rivals:  []string{"dtls.datagrams_lost", "dtls.one_way"},
		Says:    "The client refused the server's certificate with alert {dtls.alert}: descriptions of two connections were mixed up, or something between the two answered.",
	},
}

// lossRules are about connections that were up, and sockets that ended.
var lossRules = []*Rule{
	{
		Cause: "network.lost", Behind: anyLoss,
		Needs:   []*Clause{unacked, socketSilent},
		Refutes: []*Clause{acked, socketAlive, cutFromOutside, addressChanged, displaced, stalled, restarted},
		Rivals:  []string{"client.suspended", "path.changed", "network.media_lost", "signal.cut_by_proxy", "client.vanished", "server.stalled"},
		Says:    "The client's network went dead: nothing came from it any more, and {socket.unacked_bytes} bytes that were sent to it were never acknowledged.",
		Do:      []Advice{{fault.ByUser, "Check the Wi-Fi or mobile signal. The call comes back by itself when the network does."}},
		Ask:     Missing{"socket.unacked_bytes", unacked.How},
	},
	{
		Cause: "client.suspended", Behind: anyLoss,
		Needs:    []*Clause{acked, socketSilent},
		Supports: []*Clause{frozen},
		Refutes:  []*Clause{unacked, socketAlive, cutFromOutside, mediaLived, displaced, stalled, restarted},
		Rivals:   []string{"network.lost", "path.changed", "network.media_lost", "signal.cut_by_proxy", "client.vanished", "server.stalled"},
		Says:     "The client's page or app stood still: its system went on acknowledging what was sent, and the page itself said nothing for {socket.silent_ms}.",
		Do: []Advice{
			{fault.ByUser, "Keep the page in front, and the screen on, during a call."},
			{fault.ByApp, "Hold a wake lock during calls, and reconnect when the page becomes visible."},
		},
		Ask: Missing{"client.lifecycle", "when the page was hidden or frozen: " + howWitness},
	},
	{
		Cause: "path.changed", Behind: anyLoss,
		Needs:   []*Clause{addressChanged},
		Refutes: []*Clause{addressChanged.opposite("the client came back from the same address"), displaced, stalled, restarted},
		Rivals:  []string{"network.lost", "client.suspended", "network.media_lost", "peer.id_shared", "signal.cut_by_proxy"},
		Says:    "The client changed its network during the call: it came back from another address.",
		Do:      []Advice{{fault.ByApp, "Reconnect at once when the browser's network changes."}},
	},
	{
		Cause: "network.udp_blocked", Behind: mediaFaults,
		Needs:   []*Clause{udpDied},
		Refutes: []*Clause{nothingCame, addressChanged, socketSilent, stalled, restarted},
		Rivals:  []string{"network.media_lost", "network.media_blocked"},
		Says:    "The client's network drops UDP, and lets TCP through.",
		Do:      []Advice{{fault.ByUser, "The call goes on over TCP. For better quality try another network."}},
	},
	{
		Cause: "network.media_lost", Behind: mediaFaults,
		Needs:    []*Clause{mediaDead, wasUp, socketAlive},
		Supports: []*Clause{addressChanged.opposite("the client's address is the same")},
		Refutes:  []*Clause{neverUp, socketSilent, addressChanged, udpDied, cutFromOutside, stalled, restarted},
		Rivals:   []string{"network.lost", "client.suspended", "path.changed", "network.udp_blocked"},
		Says:     "The way of the media went dead: nothing got through for {path.silence}, while the client's socket lived.",
	},
	{
		Cause: "signal.cut_by_proxy", Behind: socketFaults,
		Needs:    []*Clause{cutFromOutside, agesEqual},
		Supports: []*Clause{behindProxy, mediaLived},
		Refutes:  []*Clause{socketSilent, goneForGood, addressChanged, displaced, stalled, restarted},
		Rivals:   []string{"client.vanished", "path.changed", "network.lost"},
		Says:     "A proxy in front of the server ends sockets after a fixed time: {socket.ages}.",
		Do:       []Advice{{fault.ByOperator, "Raise the proxy's limit for WebSockets (`proxy_read_timeout`, `timeout tunnel`) to an hour or more."}},
		Ask:      Missing{"socket.ages", agesEqual.How},
	},
	{
		Cause: "client.vanished", Behind: anyLoss,
		Needs:   []*Clause{cutFromOutside, goneForGood},
		Refutes: []*Clause{cameBack, socketSilent, agesEqual, displaced, stalled, restarted},
		Rivals:  []string{"network.lost", "signal.cut_by_proxy", "client.suspended"},
		Says:    "The client ended without a word, as when a browser is killed or crashes: its system closed the connection ({socket.ended}), and it did not come back.",
	},
	{
		Cause: "peer.id_shared", Behind: anyLoss,
		Needs:    []*Clause{displaced},
		Supports: []*Clause{addressChanged},
		Refutes:  []*Clause{restarted},
		Rivals:   []string{"path.changed", "signal.cut_by_proxy"},
		Says:     "Two places use one peer id: the peer's socket was taken over {socket.replaced} times within minutes.",
		Do:       []Advice{{fault.ByUser, "Close the call in all tabs and on all devices but one."}},
	},
}
