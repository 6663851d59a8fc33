// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import "github.com/redial-rtc/redial/fault"

// tokenFaults are refusals for the time of a token.
var tokenFaults = []string{"token.expired", "token.not_yet_valid", "token.refused"}

// serverRules are about the server itself. They hide what would be said of clients.
var serverRules = []*Rule{
	{
		Cause: "server.restarted", Behind: anyLoss, Own: true,
		Needs: []*Clause{restarted}, Supports: []*Clause{othersHit},
		Says: "The server was restarted, and everybody's connections ended with it. Nothing is wrong with the client.",
	},
	{
		Cause: "server.stalled", Behind: append(append([]string{}, anyLoss...), joinFaults...), Own: true,
		Needs: []*Clause{stalled}, Supports: []*Clause{othersHit}, Refutes: []*Clause{restarted},
		Rivals: []string{"network.lost", "client.suspended", "network.media_lost"},
		Says:   "The server stood still for {self.stall_ms}, for everybody at once. Nothing is wrong with the client or its network.",
		Do:     []Advice{{fault.ByOperator, "Look for pauses of the virtual machine, for memory that ran out and for a throttled processor at that time."}},
	},
	{
		Cause: "server.files_exhausted", Behind: append([]string{"server.overloaded", "server.internal", "server.store"}, anyLoss...), Own: true,
		Needs: []*Clause{filesUsed},
		Says:  "The server has no file descriptors left: {self.files} are in use.",
	},
	{
		Cause: "server.clock", Behind: tokenFaults, Own: true,
		Needs: []*Clause{clockStepped}, Rivals: []string{"token.issuer_clock", "token.expired"},
		Says: "The server's clock was set by {self.clock_step_ms}, so tokens seem to be of another time.",
	},
}

// doorRules are about who is refused.
var doorRules = []*Rule{
	{
		Cause: "token.issuer_clock", Behind: tokenFaults,
		Needs: []*Clause{wrongClock}, Refutes: []*Clause{clockStepped, keyWell, longAgo}, Rivals: []string{"token.expired", "server.clock"},
		Says: "The clock of the app's backend is wrong: tokens that were issued just now are {token.distance} away from the server's clock.",
		Do:   []Advice{{fault.ByApp, "Set the clock of the backend that signs tokens, and keep it right with a time service."}},
		Ask:  Missing{"token.distance", newTokensFail.How},
	},
	{
		Cause: "token.expired", Behind: []string{"token.expired", "token.refused"},
		Needs: []*Clause{tokenOver}, Supports: []*Clause{keyWell}, Refutes: []*Clause{clockStepped, newTokensFail}, Rivals: []string{"token.issuer_clock", "server.clock"},
		Says: "The token was old: it had run out {token.expired_by} before.",
		Do:   []Advice{{fault.ByApp, "Fetch a new token for every join, shortly before it."}},
	},
}

// frontRules are about requests that did not come, or not where they should.
var frontRules = []*Rule{
	{
		Cause: "endpoint.wrong_path", Behind: append([]string{"request.route_unknown", "response.status", "response.not_json"}, joinFaults...),
		Needs: []*Clause{prefixed}, Rivals: []string{"endpoint.refused", "endpoint.name_unresolved"},
		Says: "A proxy in front of the server passes requests on under another path: one for {door.path} came behind a prefix.",
		Do:   []Advice{{fault.ByOperator, "Have the proxy pass paths on as they are, such as `proxy_pass` without a path of its own."}},
	},
	{
		Cause: "network.offline", Behind: joinFaults,
		Needs: []*Clause{unseen, lineless}, Refutes: []*Clause{refused, stalled}, Rivals: []string{"endpoint.refused"},
		Says: "The client's device had no network: its browser said that it was offline.",
	},
	{
		Cause: "endpoint.refused", Behind: joinFaults,
		Needs: []*Clause{unseen, refused}, Refutes: []*Clause{prefixed, stalled}, Rivals: []string{"endpoint.wrong_path", "endpoint.name_unresolved", "network.offline"},
		Says: "Nothing listened at the address that the client used, and the connection was refused.",
	},
	{
		Cause: "endpoint.name_unresolved", Behind: joinFaults,
		Needs: []*Clause{unseen, nameFailed}, Refutes: []*Clause{prefixed, stalled}, Rivals: []string{"endpoint.wrong_path", "endpoint.refused"},
		Says: "The client could not resolve the server's name.",
	},
}

// roomRules are about people who are in a room twice.
var roomRules = []*Rule{
	{
		Cause: "peer.own_ghost", Behind: []string{"peer.name_taken", "peer.already_joined", "room.full", "room.role_full", "room.streaming_full", "token.spent"},
		Needs: []*Clause{ghost}, Supports: []*Clause{ghostAway}, Refutes: []*Clause{second}, Rivals: []string{"peer.second_login"},
		Says: "An earlier connection of the same person, from the same place, was still in the room.",
	},
	{
		Cause: "peer.second_login", Behind: []string{"peer.name_taken", "peer.already_joined", "room.full", "room.role_full", "room.streaming_full", "token.spent"},
		Needs: []*Clause{second}, Refutes: []*Clause{ghost}, Rivals: []string{"peer.own_ghost"},
		Says: "The same user is in the room at another place as well.",
	},
}

// deviceRules are about what only the client's device knows.
var deviceRules = []*Rule{
	{
		Cause: "capture.policy_blocked", Behind: []string{"capture.denied", "capture.failed", "capture.unsupported", "device.not_found"},
		Needs: []*Clause{nobodyAsked}, Refutes: []*Clause{refusedByPerson}, Rivals: []string{"capture.denied"},
		Says: "The page itself may not use the device: its policy forbids it, and nobody was asked.",
		Do:   []Advice{{fault.ByApp, "Allow it where the page is framed, with `allow=\"camera; microphone\"`, and in the header Permissions-Policy."}},
	},
	{
		Cause: "page.insecure", Behind: []string{"capture.denied", "capture.failed", "capture.unsupported", "device.not_found"},
		Needs: []*Clause{insecure}, Says: "The page is not served over HTTPS, and browsers give devices to secure pages only.",
	},
	{
		Cause: "device.in_use", Behind: []string{"capture.failed", "device.failed"},
		Needs: []*Clause{heldByItself}, Says: "The page itself still holds a device, which then cannot be opened again.",
	},
	{
		Cause: "audio.interrupted", Behind: []string{"capture.silent", "capture.no_data", "device.lost", "device.failed", "device.subsystem_reset"},
		Needs: []*Clause{interrupted}, Says: "The system took the sound away from the call for a while, as for a phone call.",
	},
	{
		Cause: "playback.autoplay_blocked", Behind: []string{"playback.failed", "playback.aborted", "client.rtc_track_missing"},
		Needs: []*Clause{autoplay}, Says: "The browser does not play sound before somebody has clicked in the page.",
	},
}
