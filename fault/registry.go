// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What is kept between calls: templates, room codes, sessions, names.
var (
	// TemplateNotFound: the template does not exist.
	TemplateNotFound = declare(Kind{
		ID: "template.not_found", Title: "The template does not exist", Area: AreaRoom, Category: API, Status: 404,
		What:  "No template of this account has the given id.",
		Why:   "The id is mistyped, belongs to another account, or the template was deleted.",
		Sign:  "`GET /v2/templates` does not list the id.",
		Do:    "List the templates with `GET /v2/templates` and use one of their ids.",
		User:  "This call is not set up correctly. Please tell whoever invited you.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpInit}, FixedBy: []Party{ByApp},
		See:   []string{"role.not_found", "room.not_found"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// TemplateInUse: rooms still use the template.
	TemplateInUse = declare(Kind{
		ID: "template.in_use", Title: "The template is still in use", Area: AreaRoom, Category: API, Status: 409,
		What:  "The template cannot be deleted: rooms use it, or it is the account's default.",
		Why:   "A room without its template would have no roles, so nobody could join it.",
		Sign:  "The details say how many rooms use it and whether it is the default.",
		Do:    "Give those rooms another template first, or make another template the default.",
		User:  "This cannot be deleted while it is in use.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"template.not_found"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// NameTaken: another one has this name.
	NameTaken = declare(Kind{
		ID: "name.taken", Title: "Another one already has this name", Area: AreaRoom, Category: API, Status: 409,
		What:  "A room, template or role cannot be renamed because another one has the name.",
		Why:   "Names are unique within an account, whatever their case; roles within their template.",
		Sign:  "It comes from renaming only: creating by a name that exists gives back what has the name.",
		Do:    "Choose another name, or change the one that has it.",
		User:  "This name is already taken. Please choose another one.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"peer.name_taken"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// CodeNotFound: the room code does not exist.
	CodeNotFound = declare(Kind{
		ID: "code.not_found", Title: "The room code does not exist", Area: AreaAuth, Category: Permission, Status: 404,
		What:  "No room has this code.",
		Why:   "The link was mistyped or cut off, or it belongs to another server.",
		Sign:  "`GET /v2/room-codes/room/{id}` does not list the code. A code that was switched off is found, and refused as code.disabled.",
		Do:    "List the codes of the room and check the link.",
		User:  "This link is not valid. Please ask for a new one.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpToken, OpAPI}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"code.disabled", "room.not_found"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// CodeDisabled: the room code has been disabled.
	CodeDisabled = declare(Kind{
		ID: "code.disabled", Title: "The room code has been disabled", Area: AreaAuth, Category: Permission, Status: 403,
		What:  "The code exists, but joining with it has been switched off.",
		Why:   "Somebody disabled it, or its role was removed from the template.",
		Sign:  "The code's `enabled` field is false. The room's own is a fault of its own, room.disabled.",
		Do:    "Enable it with `POST /v2/room-codes/code`, or hand out another code.",
		User:  "This link is no longer active. Please ask for a new one.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpToken, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"code.not_found", "room.disabled"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// SessionNotFound: the session does not exist.
	SessionNotFound = declare(Kind{
		ID: "session.not_found", Title: "The session does not exist", Area: AreaRoom, Category: API, Status: 404,
		What:  "No session of this account has the given id.",
		Why:   "The id is mistyped, or it is the id of a room.",
		Sign:  "`GET /v2/sessions` does not list the id. A room in which nothing runs is session.not_active.",
		Do:    "List the sessions of the room with `GET /v2/sessions?room_id=...`.",
		User:  "This call cannot be found.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"session.not_active", "room.not_found"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// MediaTypeUnsupported: the body is not declared as JSON.
	MediaTypeUnsupported = declare(Kind{
		ID: "request.media_type", Title: "The request body must be JSON", Area: AreaServer, Category: API, Status: 415,
		What:  "The request has a body, and its Content-Type is not `application/json`.",
		Why:   "The header is missing or names another type; some clients send a form by default.",
		Sign:  "The details show the type that was sent. A body that is declared as JSON and is not is request.body_invalid.",
		Do:    "Send the header `Content-Type: application/json`.",
		User:  "Something went wrong in the app. Please tell its makers.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpToken, OpReport}, FixedBy: []Party{ByApp},
		See:   []string{"request.body_invalid"},
		Links: []string{rfc(9110, "15.5.16")},
	})
	// DataDirBusy: another process uses the data directory.
	DataDirBusy = declare(Kind{
		ID: "server.data_dir_busy", Title: "Another process uses the data directory", Area: AreaServer, Category: Server, Status: 0,
		What:  "The server cannot start, because another process holds its data directory.",
		Why:   "Two servers would each take the other's sessions for leftovers and close them.",
		Sign:  "The server ends at once, naming the file `registry.lock`.",
		Do:    "Stop the other server, or start this one with another `-data` directory.",
		User:  "The service is not available at the moment. Please try again later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpServe}, FixedBy: []Party{ByOperator},
		See:   []string{"server.store", "server.listen"},
		Links: []string{"https://pubs.opengroup.org/onlinepubs/9799919799/functions/fcntl.html"},
	})
)
