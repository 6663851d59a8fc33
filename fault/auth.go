// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Tokens and keys: what proves who is calling.
var (
	// TokenMissing: no token was sent.
	TokenMissing = declare(Kind{
		ID: "token.missing", Title: "No token was sent", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The request reached the server without a token where one is required.",
		Why:   "The Authorization header or the token parameter was left out, was empty, or was stripped by a proxy on the way.",
		Sign:  "The server's log shows a refusal without any claims, because there was nothing to decode.",
		Do:    "Send `Authorization: Bearer <token>` with HTTP requests and the token parameter with the WebSocket, and check that proxies forward the header.",
		User:  "You could not be signed in to this call. Please open the link again.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"token.malformed"},
		Links: []string{rfc(6750, "2.1"), rfc(9110, "15.5.2")},
	})
	// TokenMalformed: the token is not a JWT.
	TokenMalformed = declare(Kind{
		ID: "token.malformed", Title: "The token is not a JWT", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "What was sent as a token is not a JSON Web Token: it does not consist of three base64url parts joined by dots.",
		Why:   "Usually something else was passed by mistake: a room code, a room id, an error message of the app's own backend, or a token cut short when it was copied.",
		Sign:  "Count the dots: a token has exactly two. If it has, look at token.payload and token.payload_json instead.",
		Do:    "Log the first and last ten characters of what your backend returned, check its status code before using its body, and fetch a new token.",
		User:  "Your invitation to this call is damaged. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpJoin, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"token.payload", "token.payload_json", "token.signature"},
		Links: []string{rfc(7519, "7.2"), rfc(7515, "7.1")},
	})
	// TokenPayload: the middle part of the token cannot be decoded.
	TokenPayload = declare(Kind{
		ID: "token.payload", Title: "The token's payload cannot be decoded", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token has three parts, but the middle one is not valid base64url text.",
		Why:   "The token was altered on its way (URL escaping, line breaks, truncation), or it was assembled by hand with ordinary base64. Some clients decode the payload with `atob`, which rejects the characters - and _ that base64url uses.",
		Sign:  "Decode the middle part with a base64url decoder: if that works and the client still fails, the client's decoder takes only plain base64.",
		Do:    "Use a JWT library to mint tokens, pass them through unchanged, and for clients that call `atob` mint payloads whose encoding holds neither - nor _.",
		User:  "Your invitation to this call is damaged. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"token.malformed", "token.payload_json"},
		Links: []string{rfc(7519, "7.2"), rfc(4648, "5")},
	})
	// TokenPayloadJSON: the token's payload is not JSON.
	TokenPayloadJSON = declare(Kind{
		ID: "token.payload_json", Title: "The token's payload is not valid JSON", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The middle part of the token decodes to text, but that text is not a JSON object.",
		Why:   "The payload was built by joining strings, so a quote or a comma went missing, or something other than claims was put into the token.",
		Sign:  "Decode the middle part and feed it to a JSON parser: the parser names the position of the mistake.",
		Do:    "Let a JSON encoder write the claims, and fetch a new token.",
		User:  "Your invitation to this call is damaged. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"token.payload", "token.claim"},
		Links: []string{rfc(7519, "7.2"), rfc(8259, "4")},
	})
	// TokenSignature: the token is not signed by the key it names.
	TokenSignature = declare(Kind{
		ID: "token.signature", Title: "The token is not signed by the key it names", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token is well formed and names a known access key, but its signature does not match that key's secret, or it uses an algorithm that is not accepted.",
		Why:   "The backend signs with the secret of another environment, the secret was rotated, or the token was changed after it was signed.",
		Sign:  "The access key in the claims is known to the server. If it is not, the fault is token.access_key.",
		Do:    "Compare the secret of the signing backend with the one in the server's configuration, and sign with HS256.",
		User:  "Your invitation to this call was not accepted. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"token.access_key", "token.malformed"},
		Links: []string{rfc(7515, "5.2"), rfc(8725, "3.1")},
	})
	// TokenExpired: the token has expired.
	TokenExpired = declare(Kind{
		ID: "token.expired", Title: "The token has expired", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token's `exp` claim lies in the past, even after the leeway that the server grants for clocks that differ.",
		Why:   "The token was minted long before it was used, was cached, came from an old link, or the clock of the minting machine is behind.",
		Sign:  "The refusal states `exp` and the server's time. A difference of seconds points to clocks, one of hours to a cached token.",
		Do:    "Mint the token when the user presses join, not when the page is built, and fetch a new one before you join again.",
		User:  "Your invitation to this call has expired. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByApp},
		CausedBy: []string{"server.clock", "token.issuer_clock"}, See: []string{"token.not_yet_valid"},
		Links: []string{rfc(7519, "4.1.4"), rfc(6750, "3.1")},
	})
	// TokenNotYetValid: the token is not valid yet.
	TokenNotYetValid = declare(Kind{
		ID: "token.not_yet_valid", Title: "The token is not valid yet", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token's `nbf` or `iat` claim lies in the future, even after the leeway for clocks that differ.",
		Why:   "The clock of the machine that minted the token is ahead of the server's, or the token was made on purpose for a later time.",
		Sign:  "The refusal states how many seconds are missing. If the same token works a minute later, the clocks differ.",
		Do:    "Synchronise both machines with NTP, set `nbf` a few seconds into the past, or raise the leeway in the server's configuration.",
		User:  "This call has not opened for you yet. Please try again in a minute.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByOperator, ByApp},
		CausedBy: []string{"server.clock", "token.issuer_clock"}, See: []string{"token.expired"},
		Links: []string{rfc(7519, "4.1.5"), rfc(7519, "4.1.6")},
	})
	// TokenRevoked: the token has been revoked.
	TokenRevoked = declare(Kind{
		ID: "token.revoked", Title: "The token has been revoked", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token is genuine and in time, but its `jti` is on the server's list of revoked tokens.",
		Why:   "Somebody with a management token withdrew it, for example because a person was banned or a link leaked.",
		Sign:  "Other tokens of the same room and role still work.",
		Do:    "Fetch a new token if the person may still join. If not, show them that their access was withdrawn.",
		User:  "Your access to this call was withdrawn. Please ask the organiser.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"token.expired", "peer.removed"},
		Links: []string{rfc(7519, "4.1.7"), rfc(7009, "")},
	})
	// TokenClaim: a claim of the token is missing or mistyped.
	TokenClaim = declare(Kind{
		ID: "token.claim", Title: "A claim of the token is missing or mistyped", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token is signed correctly, but a claim that is needed here is absent or has the wrong JSON type.",
		Why:   "The backend forgot a claim, wrote a number as text, or used the claims of another kind of token.",
		Sign:  "The refusal names the claim. The signature was already accepted, so keys are not the problem.",
		Do:    "Mint tokens with all claims of the token reference, in the types given there.",
		User:  "Your invitation to this call is incomplete. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"token.kind", "token.user", "token.role"},
		Links: []string{rfc(7519, "4"), rfc(7519, "7.2")},
	})
	// TokenKind: a token of the wrong type was sent.
	TokenKind = declare(Kind{
		ID: "token.kind", Title: "A token of the wrong type was sent", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "A room token was used where a management token is needed, or the other way round.",
		Why:   "The app keeps both in similar variables, or a backend hands its management token to a browser.",
		Sign:  "The `type` claim of the refused token says which one it is.",
		Do:    "Use room tokens for clients and management tokens for the REST API. Never give a management token to a browser.",
		User:  "You could not be signed in to this call. Please ask the organiser for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"token.claim"},
		Links: []string{rfc(8725, "3.11"), rfc(8725, "3.12")},
	})
	// TokenRefused: the token was refused without a closer reason.
	TokenRefused = declare(Kind{
		ID: "token.refused", Title: "The token was refused without a closer reason", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The server turned the token down and said no more than that.",
		Why:   "The check that failed has no code of its own in the vocabulary that was spoken, or the server withholds the reason.",
		Sign:  "The reply carries the general authentication code and a message that names no claim. The server's log names the real condition.",
		Do:    "Look the refusal up in the server's log or events by peer id, then act on the fault named there.",
		User:  "Your invitation to this call was not accepted. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"token.expired", "token.not_yet_valid", "token.revoked", "token.kind"},
		Links:    []string{rfc(6750, "3.1"), rfc(9110, "15.5.2")},
	})
	// TokenSpent: the token was used, or is none of this server.
	TokenSpent = declare(Kind{
		ID: "token.spent", Title: "The token was used already or was never issued", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "A token of one use is none that this server waits for.",
		Why:   "Somebody has joined with it, it was withdrawn with its connection, the server was restarted since, or it belongs to another session.",
		Sign:  "The first join with the token works and the second does not.",
		Do:    "Have the backend make a connection for each join, and hand its token to one client only.",
		User:  "Your invitation to this call was used already. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"token.refused", "token.revoked", "token.expired"},
		Links: []string{rfc(9110, "15.5.2")},
	})
	// AccessKeyUnknown: the access key is not known.
	AccessKeyUnknown = declare(Kind{
		ID: "token.access_key", Title: "The access key is not known", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token names an access key that this server does not have.",
		Why:   "The token was minted for another server or environment, or the key was removed from the configuration.",
		Sign:  "The `access_key` claim is not in the server's list. With a known key and a wrong secret the fault is token.signature.",
		Do:    "Mint with an access key of this server, or add the key to its configuration.",
		User:  "Your invitation belongs to another service. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"token.signature"},
		Links: []string{rfc(7515, "4.1.4"), rfc(8725, "3.8")},
	})
	// TokenAuthID: the authentication id in the token is not acceptable.
	TokenAuthID = declare(Kind{
		ID: "token.auth_id", Title: "The authentication id in the token is not known", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token refers to an authentication record by id, and that record does not exist or belongs to someone else.",
		Why:   "The token came from an older authentication service, or was minted for another account.",
		Sign:  "Only tokens with the claim `auth_id` can meet this. Tokens minted here carry none.",
		Do:    "Leave `auth_id` out, or give the access key that signs the token: that is the authentication record here.",
		User:  "Your invitation to this call was not accepted. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp},
		See:   []string{"token.access_key", "token.app_id", "token.customer_id"},
		Links: []string{rfc(7519, "4.1.2"), rfc(9110, "15.5.2")},
	})
	// TokenAppID: the app id in the token is not acceptable.
	TokenAppID = declare(Kind{
		ID: "token.app_id", Title: "The app id in the token is not known", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token names an app that does not exist on this server.",
		Why:   "The app was deleted, its id was mistyped, or the token belongs to another environment.",
		Sign:  "The signature and access key are accepted; the refusal names the app id.",
		Do:    "Compare the claim `app_id` with the server's setting `access.app_id`, or leave the claim out.",
		User:  "Your invitation to this call was not accepted. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"token.access_key", "token.customer_id"},
		Links: []string{rfc(7519, "4.1.3"), rfc(9110, "15.5.2")},
	})
	// TokenCustomerID: the customer id in the token is not acceptable.
	TokenCustomerID = declare(Kind{
		ID: "token.customer_id", Title: "The customer id in the token is not known", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The token names a customer account that does not exist, is closed, or does not own the key that signed it.",
		Why:   "The account was closed or renamed, or the token was minted for another customer.",
		Sign:  "The same token fails for every room of that customer.",
		Do:    "Compare the claim `customer_id` with the `customer_id` of the room in the REST API, and mint the token with a key of that account.",
		User:  "Your invitation to this call was not accepted. Please contact the organiser.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"token.app_id", "token.auth_id"},
		Links: []string{rfc(7519, "4.1.1"), rfc(9110, "15.5.2")},
	})
	// TokenRoomUnknown: the token names a room that does not exist.
	TokenRoomUnknown = declare(Kind{
		ID: "token.room", Title: "The token names a room that does not exist", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The `room_id` claim of the token does not belong to any room on this server.",
		Why:   "The room was never created here, or the token was minted with a room name in place of its id.",
		Sign:  "Asking the REST API for the room id in the claim finds nothing.",
		Do:    "Create the room first and put the id from the answer into the token.",
		User:  "This call does not exist. Please check the link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp},
		See:   []string{"room.not_found", "token.room_mismatch", "room.id_invalid"},
		Links: []string{rfc(7519, "4.3"), rfc(9110, "15.5.2")},
	})
	// TokenRoomMismatch: the token is for another room.
	TokenRoomMismatch = declare(Kind{
		ID: "token.room_mismatch", Title: "The token is for another room", Area: AreaAuth, Category: Permission, Status: 400,
		What:  "The request is about one room and the token was minted for another.",
		Why:   "The app kept the token of an earlier call, or mixed up two rooms when it asked for one.",
		Sign:  "Both rooms exist; the refusal names them.",
		Do:    "Fetch a token for the room that is being joined, and do not reuse tokens across rooms.",
		User:  "Your invitation is for another call. Please open the right link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpJoin, OpToken, OpConnect, OpReport, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"token.room"},
		Links: []string{rfc(7519, "4.3"), rfc(9110, "15.5.1")},
	})
	// TokenUser: the user id in the token is not acceptable.
	TokenUser = declare(Kind{
		ID: "token.user", Title: "The user id in the token is not acceptable", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The `user_id` claim is longer than 256 bytes, holds control characters, or is not a string.",
		Why:   "The backend passed a number, a missing variable, or a whole profile as the user id.",
		Sign:  "Decode the token and look at `user_id`.",
		Do:    "Use a short, stable string of your own as user id, and fetch a new token.",
		User:  "You could not be signed in to this call. Please sign in again.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp},
		See:   []string{"token.claim"},
		Links: []string{rfc(7519, "4.1.2"), rfc(7519, "4.3")},
	})
	// TokenRole: the role in the token does not exist.
	TokenRole = declare(Kind{
		ID: "token.role", Title: "The role in the token does not exist", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "The `role` claim names a role that the room's template does not have.",
		Why:   "Role names are case sensitive; the template was changed; or the token was minted for a room with another template.",
		Sign:  "Read the template of the room through the REST API and compare its role names with the claim.",
		Do:    "Mint the token with a role of the room's template.",
		User:  "Your invitation to this call is out of date. Please ask for a new link.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"role.not_found", "client.role_unknown"},
		Links: []string{rfc(7519, "4.3"), rfc(9110, "15.5.2")},
	})
	// ConsoleLogin: whoever calls is not logged in to the console.
	ConsoleLogin = declare(Kind{
		ID: "console.login", Title: "Nobody is logged in to the console", Area: AreaAuth, Category: Permission, Status: 401,
		What:  "A page of the console called the server without a login that is still good, or a link to log in with was followed that is not good any more.",
		Why:   "The link of `redial console` works once, within a minute. A login ends an hour after it was last used, 12 hours after it began, with the token it was begun by, and when the server restarts.",
		Sign:  "The refusal says which of these it is. The page keeps what it shows and asks for a login.",
		Do:    "Run `redial console` again, or paste a console token (`redial token console`) into the page.",
		User:  "You are not logged in any more. Please log in again.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpAPI}, FixedBy: []Party{ByOperator},
		See:   []string{"token.revoked", "token.expired"},
		Links: []string{rfc(6265, "8.4"), rfc(9110, "15.5.2")},
	})
	// ResumeSecret: the secret that proves a resuming peer is wrong.
	ResumeSecret = declare(Kind{
		ID: "reconnect.secret", Title: "The secret of the resuming peer is wrong", Area: AreaAuth, Category: Permission, Status: 403,
		What:  "A client asked to take over an earlier connection and could not prove that it was its own.",
		Why:   "The secret came from another session, was lost when the page was reloaded, or someone tries to take another person's seat.",
		Sign:  "It happens only while reconnecting, and a fresh join with the same token succeeds.",
		Do:    "Keep the secret of the current session in memory, drop it on leave, and fall back to a fresh join.",
		User:  "Your connection could not be resumed. Please join again.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpReconnect}, FixedBy: []Party{ByApp},
		See:   []string{"peer.gone", "token.expired"},
		Links: []string{rfc(9110, "15.5.4")},
	})
)
