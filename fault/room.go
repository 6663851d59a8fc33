package fault

// Rooms, sessions and peers.
var (
	// RoomNotFound: the room does not exist.
	RoomNotFound = declare(Kind{
		ID: "room.not_found", Title: "The room does not exist", Category: Permission, Status: 404,
		Retry: RetryNever, Terminal: true, Ops: []Op{OpToken, OpAPI},
	})
	// RoomDisabled: the room is disabled.
	RoomDisabled = declare(Kind{
		ID: "room.disabled", Title: "The room is disabled", Category: Permission, Status: 403,
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit, OpJoin},
	})
	// RoomLocked: the room is locked.
	RoomLocked = declare(Kind{
		ID: "room.locked", Title: "The room is locked", Category: Permission, Status: 403,
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit, OpJoin},
	})
	// RoomFull: the room is full.
	RoomFull = declare(Kind{
		ID: "room.full", Title: "The room is full", Category: Permission, Status: 403,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpJoin},
	})
	// RoleFull: all seats of this role are taken.
	RoleFull = declare(Kind{
		ID: "room.role_full", Title: "All seats of this role are taken", Category: Permission, Status: 403,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpJoin},
	})
	// RoomEnded: the session was ended.
	RoomEnded = declare(Kind{
		ID: "room.ended", Title: "The session was ended", Category: Connection, Status: 410,
		Retry: RetryNever, Terminal: true, Ops: []Op{OpLeave, OpReconnect},
	})
	// PeerRemoved: the peer was removed from the room.
	PeerRemoved = declare(Kind{
		ID: "peer.removed", Title: "The peer was removed from the room", Category: Permission, Status: 403,
		Retry: RetryNever, Terminal: true, Ops: []Op{OpLeave, OpReconnect, OpInit},
	})
	// PeerAlreadyJoined: the peer has already joined.
	PeerAlreadyJoined = declare(Kind{
		ID: "peer.already_joined", Title: "The peer has already joined", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin},
	})
	// PeerGone: the peer is no longer in the room.
	PeerGone = declare(Kind{
		ID: "peer.gone", Title: "The peer is no longer in the room", Category: API, Status: 410,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpReconnect, OpRemove, OpMessage, OpUpdate},
	})
	// PeerNotFound: no such peer in the room.
	PeerNotFound = declare(Kind{
		ID: "peer.not_found", Title: "No such peer in the room", Category: API, Status: 404,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMessage, OpRemove, OpRoleChange, OpPeers, OpUpdate},
	})
	// RoleNotFound: the role does not exist in the template.
	RoleNotFound = declare(Kind{
		ID: "role.not_found", Title: "The role does not exist in the template", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpRoleChange, OpAPI},
	})
	// RoleChangeStale: the role change request is no longer open.
	RoleChangeStale = declare(Kind{
		ID: "role.change_stale", Title: "The role change request is no longer open", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpRoleChange},
	})
	// TrackNotFound: no such track.
	TrackNotFound = declare(Kind{
		ID: "track.not_found", Title: "No such track", Category: API, Status: 404,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMute, OpSubscribe, OpUpdate},
	})
	// GroupLimit: too many groups.
	GroupLimit = declare(Kind{
		ID: "group.limit", Title: "Too many groups", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpUpdate},
	})
	// MetadataConflict: the metadata has changed in the meantime.
	MetadataConflict = declare(Kind{
		ID: "metadata.conflict", Title: "The metadata has changed in the meantime", Category: API, Status: 409,
		Retry: RetrySame, Terminal: false, Ops: []Op{OpMetadata},
	})
	// PollNotFound: no such poll.
	PollNotFound = declare(Kind{
		ID: "poll.not_found", Title: "No such poll", Category: API, Status: 404,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPoll},
	})
	// PollState: the poll is not in a state that allows this.
	PollState = declare(Kind{
		ID: "poll.state", Title: "The poll is not in a state that allows this", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPoll},
	})
	// PollInvalid: the poll or the answer is not valid.
	PollInvalid = declare(Kind{
		ID: "poll.invalid", Title: "The poll or the answer is not valid", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPoll},
	})
	// SessionNotActive: no session is running in the room.
	SessionNotActive = declare(Kind{
		ID: "session.not_active", Title: "No session is running in the room", Category: API, Status: 404,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI},
	})
)
