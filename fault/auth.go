package fault

// Tokens, keys and permissions.
var (
	// TokenMissing: no token was sent.
	TokenMissing = declare(Kind{
		ID: "token.missing", Title: "No token was sent", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenMalformed: the token is not a JWT.
	TokenMalformed = declare(Kind{
		ID: "token.malformed", Title: "The token is not a JWT", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpJoin, OpAPI},
	})
	// TokenSignature: the token is not signed by the key it names.
	TokenSignature = declare(Kind{
		ID: "token.signature", Title: "The token is not signed by the key it names", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenExpired: the token has expired.
	TokenExpired = declare(Kind{
		ID: "token.expired", Title: "The token has expired", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenNotYetValid: the token is not valid yet.
	TokenNotYetValid = declare(Kind{
		ID: "token.not_yet_valid", Title: "The token is not valid yet", Category: Permission, Status: 401,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenRevoked: the token has been revoked.
	TokenRevoked = declare(Kind{
		ID: "token.revoked", Title: "The token has been revoked", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenClaim: a claim of the token is missing or mistyped.
	TokenClaim = declare(Kind{
		ID: "token.claim", Title: "A claim of the token is missing or mistyped", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenKind: a token of the wrong type was sent.
	TokenKind = declare(Kind{
		ID: "token.kind", Title: "A token of the wrong type was sent", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpAPI},
	})
	// AccessKeyUnknown: the access key is not known.
	AccessKeyUnknown = declare(Kind{
		ID: "token.access_key", Title: "The access key is not known", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI},
	})
	// TokenRoomUnknown: the token names a room that does not exist.
	TokenRoomUnknown = declare(Kind{
		ID: "token.room", Title: "The token names a room that does not exist", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect},
	})
	// TokenRoomMismatch: the token is for another room.
	TokenRoomMismatch = declare(Kind{
		ID: "token.room_mismatch", Title: "The token is for another room", Category: Permission, Status: 400,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpJoin, OpReport, OpAPI},
	})
	// TokenUser: the user id in the token is not acceptable.
	TokenUser = declare(Kind{
		ID: "token.user", Title: "The user id in the token is not acceptable", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect},
	})
	// TokenRole: the role in the token does not exist.
	TokenRole = declare(Kind{
		ID: "token.role", Title: "The role in the token does not exist", Category: Permission, Status: 401,
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect},
	})
	// NotPermitted: the role does not allow this.
	NotPermitted = declare(Kind{
		ID: "permission.denied", Title: "The role does not allow this", Category: Permission, Status: 403,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpRoleChange, OpMute, OpRemove, OpEndRoom, OpPublish, OpPoll, OpMessage},
	})
	// PublishNotAllowed: the role may not publish this kind of track.
	PublishNotAllowed = declare(Kind{
		ID: "permission.publish", Title: "The role may not publish this kind of track", Category: Permission, Status: 403,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish},
	})
	// RateLimited: too many requests.
	RateLimited = declare(Kind{
		ID: "rate.limited", Title: "Too many requests", Category: API, Status: 429,
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpInit, OpConnect, OpAPI, OpMessage, OpReport},
	})
)
