// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What a role, a policy or a limit does not allow.
var (
	// NotPermitted: the role does not allow this.
	NotPermitted = declare(Kind{
		ID: "permission.denied", Title: "The role does not allow this", Area: AreaAuth, Category: Permission, Status: 403,
		What:  "The peer is in the room, but its role has no permission for the call it made.",
		Why:   "The role's template does not grant it, the app shows a button that the role cannot use, or the role was changed during the call.",
		Sign:  "The same call works for a peer with a moderating role. The refusal names the permission.",
		Do:    "Hide the action for roles without the permission, or grant it in the template. The server decides in any case.",
		User:  "You are not allowed to do that in this call.",
		Retry: RetryNever, Terminal: false,
		Ops:     []Op{OpRoleChange, OpMute, OpRemove, OpEndRoom, OpPublish, OpPoll, OpMessage, OpForceUnpublish, OpSubscribe},
		FixedBy: []Party{ByApp, ByOperator},
		See:     []string{"permission.publish", "permission.sync"},
		Links:   []string{rfc(9110, "15.5.4")},
	})
	// PublishNotAllowed: the role may not publish this kind of track.
	PublishNotAllowed = declare(Kind{
		ID: "permission.publish", Title: "The role may not publish this kind of track", Area: AreaAuth, Category: Permission, Status: 403,
		What:  "The peer offered a camera, microphone or screen track that its role may not send.",
		Why:   "The token was minted with a listening role, or the template allows fewer kinds of track than the app offers.",
		Sign:  "Capturing worked; the refusal comes from the server and names the kind of track.",
		Do:    "Ask for devices only in the kinds that the role may publish, or mint the token with a publishing role.",
		User:  "You can watch and listen in this call, but not take part with this camera, microphone or screen.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"permission.denied", "capture.denied"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// SyncNotAllowed: only the synchroniser may send synchronisation data.
	SyncNotAllowed = declare(Kind{
		ID: "permission.sync", Title: "Only the synchroniser may send synchronisation data", Area: AreaAuth, Category: Permission, Status: 403,
		What:  "A peer sent player positions or similar synchronisation data without being the one who leads.",
		Why:   "Several clients believe they lead, or the leading role moved to another peer.",
		Sign:  "Exactly one peer of the session can send this data without being refused.",
		Do:    "Send synchronisation data only from the peer that holds the leading role, and stop when it loses that role.",
		User:  "Someone else is controlling playback right now.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMessage, OpMetadata}, FixedBy: []Party{ByApp},
		See:   []string{"permission.denied"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// TermsViolation: the terms of service forbid this connection.
	TermsViolation = declare(Kind{
		ID: "access.terms", Title: "The terms of service forbid this connection", Area: AreaAuth, Category: Permission, Status: 451,
		What:  "The service refuses to serve this client, account or place for legal reasons.",
		Why:   "Export rules, a blocked country or address range, or an account that was suspended for breaking the terms.",
		Sign:  "The same token works from another place, or no token of the account works anywhere.",
		Do:    "Check the account's status and the place the client connects from. Trying again does not help.",
		User:  "This service is not available where you are.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect, OpInit}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"token.customer_id"},
		Links: []string{rfc(7725, "3")},
	})
	// RateLimited: too many requests.
	RateLimited = declare(Kind{
		ID: "rate.limited", Title: "Too many requests", Area: AreaServer, Category: API, Status: 429,
		What:  "The caller made more requests in a short time than the server grants.",
		Why:   "A loop without a pause, many clients behind one address, or an attack.",
		Sign:  "Single requests succeed; the refusals stop after a pause. The reply says how long to wait.",
		Do:    "Wait as long as the reply asks, then go on more slowly. Batch messages instead of sending one per event.",
		User:  "That was a bit fast. Please wait a moment and try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpInit, OpConnect, OpAPI, OpMessage, OpReport},
		FixedBy: []Party{ByApp, ByOperator},
		See:     []string{"server.queue_full"},
		Links:   []string{rfc(6585, "4"), rfc(9110, "10.2.3")},
	})
)
