// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Peers, their roles and groups.
var (
	// PeerRemoved: the peer was removed from the room.
	PeerRemoved = declare(Kind{
		ID: "peer.removed", Title: "The peer was removed from the room", Area: AreaRoom, Category: Permission, Status: 403,
		What:  "Somebody with the right to do so ended this peer's part in the call.",
		Why:   "A moderator or the REST API removed it. The reason that was given comes with it.",
		Sign:  "Others stay in the room. The server refuses this peer id when it tries to come back.",
		Do:    "Show the reason and stop reconnecting.",
		User:  "You were removed from this call.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpLeave, OpReconnect, OpInit}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"room.ended", "token.revoked"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// PeerAlreadyJoined: the peer has already joined.
	PeerAlreadyJoined = declare(Kind{
		ID: "peer.already_joined", Title: "The peer has already joined", Area: AreaRoom, Category: API, Status: 400,
		What:  "The server was asked to admit a peer that is in the room.",
		Why:   "The client sent join twice on one connection, or two clients use the same peer id.",
		Sign:  "The server refused it. If the client library refused the call by itself, see client.already_joined.",
		Do:    "Join once per connection. To resume after a lost connection, connect again with the same peer id and do not join.",
		User:  "You are in this call already.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin}, FixedBy: []Party{ByApp},
		CausedBy: []string{"peer.own_ghost", "peer.second_login"},
		See:      []string{"client.already_joined", "peer.name_taken"},
		Links:    []string{rfc(9110, "15.5.10")},
	})
	// PeerNameTaken: a participant of this name is in the session.
	PeerNameTaken = declare(Kind{
		ID: "peer.name_taken", Title: "A participant of this name is in the session", Area: AreaRoom, Category: Permission, Status: 409,
		What:  "Names are unique in this session, and the one that was chosen is taken.",
		Why:   "Two people chose the same name, or the person's earlier connection has not been dropped yet.",
		Sign:  "Another name works at once. If the name frees itself after a minute, it was the person's own lost connection.",
		Do:    "Ask for another name, or add something unique to it.",
		User:  "Someone with your name is in this call already. Please choose another name.",
		Retry: RetryUser, Terminal: true, Ops: []Op{OpJoin}, FixedBy: []Party{ByUser, ByApp},
		CausedBy: []string{"peer.own_ghost", "peer.second_login"},
		See:      []string{"peer.already_joined"},
		Links:    []string{rfc(9110, "15.5.10")},
	})
	// PeerTypeInvalid: the participant type is not known.
	PeerTypeInvalid = declare(Kind{
		ID: "peer.type_invalid", Title: "The participant type is not known", Area: AreaRoom, Category: API, Status: 400,
		What:  "The client announced itself as a type of participant that the server does not know.",
		Why:   "The client is newer or older than the server, or the app passed a wrong constant.",
		Sign:  "The refusal comes at join, before any media.",
		Do:    "Use one of the documented participant types, and update the client library.",
		User:  "This app does not fit the call. Please update it.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"role.not_found", "request.field_invalid"},
		Links: []string{rfc(9110, "15.5.1")},
	})
	// PeerGone: the peer is no longer in the room.
	PeerGone = declare(Kind{
		ID: "peer.gone", Title: "The peer is no longer in the room", Area: AreaRoom, Category: API, Status: 410,
		What:  "The peer that makes the call, or that it is about, was in the room and is so no longer.",
		Why:   "It left, it was dropped after being silent for too long, or its seat was not held long enough for it to resume.",
		Sign:  "The peer appears in the session's record with a time of leaving. A peer that never was there is peer.not_found.",
		Do:    "When it concerns the caller itself, join again as a new peer. Otherwise refresh the list of peers.",
		User:  "Your place in this call is gone. Please join again.",
		Retry: RetrySame, Terminal: true, Ops: []Op{OpReconnect, OpConnect, OpRemove, OpMessage, OpUpdate}, FixedBy: []Party{ByApp, ByUser},
		CausedBy: []string{"signal.lost", "signal.silent", "client.suspended", "client.vanished", "network.lost"}, See: []string{"peer.not_found"},
		Links: []string{rfc(9110, "15.5.11")},
	})
	// PeerNotFound: no such peer in the room.
	PeerNotFound = declare(Kind{
		ID: "peer.not_found", Title: "No such peer in the room", Area: AreaRoom, Category: API, Status: 404,
		What:  "The call addresses a peer id that is not in the session.",
		Why:   "The id is wrong, belongs to another session, or the peer left before the call arrived.",
		Sign:  "The list of peers does not hold the id.",
		Do:    "Take ids from the current list of peers and expect that anyone can leave at any time.",
		User:  "That person is not in the call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMessage, OpRemove, OpRoleChange, OpPeers, OpUpdate}, FixedBy: []Party{ByApp},
		See:   []string{"peer.gone", "peer.unavailable"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// PeerUnavailable: the other peer cannot take part in this exchange now.
	PeerUnavailable = declare(Kind{
		ID: "peer.unavailable", Title: "The other peer is not available for media", Area: AreaRoom, Category: Media, Status: 409,
		What:  "A subscription was started or stopped while the publishing peer could not take part in it.",
		Why:   "The publisher was just joining, reconnecting or leaving.",
		Sign:  "The publisher is listed, but its connection is not up. Once it has settled, subscribing works.",
		Do:    "Wait for the publisher's stream to be announced again, then subscribe.",
		User:  "This person's video is not ready yet.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"peer.gone", "stream.not_published"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// RoleNotFound: the role does not exist in the template.
	RoleNotFound = declare(Kind{
		ID: "role.not_found", Title: "The role does not exist in the template", Area: AreaRoom, Category: API, Status: 400,
		What:  "A role change or a setting names a role that the template does not define.",
		Why:   "Role names are case sensitive, and templates change.",
		Sign:  "The token was fine; the mistake is in the call. A wrong role in a token is token.role.",
		Do:    "Offer only the role names that the server announced with the policy.",
		User:  "That role does not exist in this call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpRoleChange, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"token.role", "client.role_unknown"},
		Links: []string{rfc(9110, "15.5.1")},
	})
	// RoleChangeStale: the role change request is no longer open.
	RoleChangeStale = declare(Kind{
		ID: "role.change_stale", Title: "The role change request is no longer open", Area: AreaRoom, Category: API, Status: 400,
		What:  "A peer accepted a role change that has been answered, withdrawn or replaced.",
		Why:   "The answer came late, or two requests crossed.",
		Sign:  "A new request can be accepted at once.",
		Do:    "Drop the dialog when a newer request or policy arrives, and let the moderator ask again.",
		User:  "That request is no longer open.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpRoleChange}, FixedBy: []Party{ByApp},
		See:   []string{"role.not_found"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// GroupLimit: too many groups.
	GroupLimit = declare(Kind{
		ID: "group.limit", Title: "Too many groups", Area: AreaRoom, Category: API, Status: 400,
		What:  "The peer is in as many groups as are allowed, or the name of a group is too long.",
		Why:   "The app makes a group for each of many things, or never leaves old ones.",
		Sign:  "The refusal states the limit.",
		Do:    "Leave groups that are no longer needed, or keep such facts in the peer's metadata.",
		User:  "That did not work. Please try again later.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpUpdate}, FixedBy: []Party{ByApp},
		See:   []string{"request.field_invalid"},
		Links: []string{rfc(9110, "15.5.1")},
	})
)
