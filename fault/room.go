// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Rooms, and who may enter them.
var (
	// RoomNotFound: the room does not exist.
	RoomNotFound = declare(Kind{
		ID: "room.not_found", Title: "The room does not exist", Area: AreaRoom, Category: Permission, Status: 404,
		What:  "No room has the id or name that was given.",
		Why:   "It was never created, belongs to another server, or a room code points to a room that is gone.",
		Sign:  "The id has the right form; listing the rooms does not show it.",
		Do:    "Create the room before you send people to it. Creating a room by a name that exists gives back the same room.",
		User:  "This call does not exist. Please check the link.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpToken, OpAPI, OpConnect, OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"token.room", "room.id_invalid", "room.disabled"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// RoomIDInvalid: the room id is not well formed.
	RoomIDInvalid = declare(Kind{
		ID: "room.id_invalid", Title: "The room id is not well formed", Area: AreaRoom, Category: API, Status: 400,
		What:  "What was given as the id of a room or session cannot be one: wrong length, wrong characters, or empty.",
		Why:   "A name was passed in place of an id, the id was cut, or it was made by hand or by an outdated library.",
		Sign:  "The refusal comes before any room is looked up, so it is the same for every such text.",
		Do:    "Take ids only from the answers of the REST API or the server library, and pass them on unchanged.",
		User:  "The link to this call is damaged. Please ask for a new one.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect, OpInit, OpJoin, OpToken, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"room.not_found", "token.room"},
		Links: []string{rfc(9110, "15.5.1")},
	})
	// RoomDisabled: the room is disabled.
	RoomDisabled = declare(Kind{
		ID: "room.disabled", Title: "The room is disabled", Area: AreaRoom, Category: Permission, Status: 403,
		What:  "The room exists, but it was switched off and lets nobody in.",
		Why:   "Someone disabled it through the REST API.",
		Sign:  "The room's `enabled` field is false.",
		Do:    "Enable the room, or tell people that it is closed.",
		User:  "This call is closed.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit, OpJoin}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"room.locked", "room.not_found"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// RoomLocked: the room is locked.
	RoomLocked = declare(Kind{
		ID: "room.locked", Title: "The room is locked", Area: AreaRoom, Category: Permission, Status: 403,
		What:  "The room is locked: nobody can join it, and requests that need it open are refused.",
		Why:   "A moderator ended the call for good, or the app locks rooms when they are over or complete.",
		Sign:  "The room's `locked` field is true. A disabled room has `enabled` false instead.",
		Do:    "Do not join again in a loop. Unlock or enable the room through the REST API when it may be used again.",
		User:  "This call is locked. Nobody can join it any more.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit, OpJoin, OpUpdate}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"room.ended", "room.disabled", "room.already_locked"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// RoomAlreadyLocked: the room was asked to lock twice.
	RoomAlreadyLocked = declare(Kind{
		ID: "room.already_locked", Title: "The room is locked already", Area: AreaRoom, Category: API, Status: 409,
		What:  "A request asked to lock a session that is locked.",
		Why:   "Two moderators pressed the button, or a request was repeated.",
		Sign:  "Only the call that locks meets this; calls refused because of the lock meet room.locked.",
		Do:    "Treat it as done: the room is in the state that was asked for.",
		User:  "The call is locked already.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpEndRoom, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"room.locked"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// RoomFull: the room is full.
	RoomFull = declare(Kind{
		ID: "room.full", Title: "The room is full", Area: AreaRoom, Category: Permission, Status: 403,
		What:  "Every seat of the room is taken.",
		Why:   "As many peers are in the room as its limit allows. Peers that lost their connection keep their seat for a short while.",
		Sign:  "The refusal states the limit, and the list of peers is that long.",
		Do:    "Wait for someone to leave, or raise the room's limit.",
		User:  "This call is full. Please try again when someone has left.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpJoin}, FixedBy: []Party{ByOperator, ByApp},
		CausedBy: []string{"peer.own_ghost", "peer.second_login"},
		See:      []string{"room.role_full", "room.streaming_full"},
		Links:    []string{rfc(9110, "15.5.4")},
	})
	// RoleFull: all seats of this role are taken.
	RoleFull = declare(Kind{
		ID: "room.role_full", Title: "All seats of this role are taken", Area: AreaRoom, Category: Permission, Status: 403,
		What:  "The room has free seats, but not for this role.",
		Why:   "The template limits how many peers may hold the role.",
		Sign:  "Joining with another role works.",
		Do:    "Join with another role, wait, or raise the role's limit in the template.",
		User:  "All places of your kind are taken. Please try again when someone has left.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpJoin}, FixedBy: []Party{ByOperator, ByApp},
		CausedBy: []string{"peer.own_ghost", "peer.second_login"},
		See:      []string{"room.full", "room.streaming_full"},
		Links:    []string{rfc(9110, "15.5.4")},
	})
	// StreamingFull: no more participants may stream.
	StreamingFull = declare(Kind{
		ID: "room.streaming_full", Title: "No more participants may stream", Area: AreaRoom, Category: Permission, Status: 403,
		What:  "The number of participants who send audio or video has reached the room's limit.",
		Why:   "The limit counts those who stream, not those who watch.",
		Sign:  "Joining as a viewer still works.",
		Do:    "Let people join as viewers, wait for a streaming participant to leave, or raise the limit.",
		User:  "No more people can turn on camera or microphone in this call.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpJoin, OpPublish}, FixedBy: []Party{ByOperator, ByApp},
		CausedBy: []string{"peer.own_ghost", "peer.second_login"},
		See:      []string{"room.full", "room.role_full"},
		Links:    []string{rfc(9110, "15.5.4")},
	})
	// RoomEnded: the session was ended.
	RoomEnded = declare(Kind{
		ID: "room.ended", Title: "The session was ended", Area: AreaRoom, Category: Connection, Status: 410,
		What:  "The call is over for everyone: it was ended or has been closed by the server.",
		Why:   "A moderator or the REST API ended it, or it stayed empty for too long.",
		Sign:  "Everybody left at the same moment. If only one peer did, see peer.removed.",
		Do:    "Show that the call is over. Join again only when the user asks for a new call.",
		User:  "The call has ended.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpLeave, OpReconnect, OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"room.locked", "peer.removed"},
		Links: []string{rfc(9110, "15.5.11")},
	})
	// RoomCreateFailed: the session could not be created.
	RoomCreateFailed = declare(Kind{
		ID: "room.create_failed", Title: "The session could not be created", Area: AreaRoom, Category: Server, Status: 503,
		What:  "The first peer of a room asked to join, and the server could not set the session up.",
		Why:   "The server or its media node had no capacity or no working store at that moment.",
		Sign:  "Later peers fail in the same way, and the room never shows a running session.",
		Do:    "Try again after a pause. The server's log tells which part failed.",
		User:  "The call could not be started. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpJoin, OpConnect}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store", "server.queue_full", "media_node.unreachable"},
		Links:    []string{rfc(9110, "15.6.4")},
	})
	// SessionNotActive: no session is running in the room.
	SessionNotActive = declare(Kind{
		ID: "session.not_active", Title: "No session is running in the room", Area: AreaRoom, Category: API, Status: 404,
		What:  "The call needs a running session, and nobody is in the room.",
		Why:   "The last peer has left, or nobody has joined yet.",
		Sign:  "The room exists; its list of peers is empty.",
		Do:    "Wait for the first peer, or ask for past sessions instead.",
		User:  "Nobody is in this call right now.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"room.not_found", "room.ended"},
		Links: []string{rfc(9110, "15.5.5")},
	})
)
