// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What peers share while a session runs: messages, metadata, polls.
var (
	// MessageTooLarge: the message is too long.
	MessageTooLarge = declare(Kind{
		ID: "message.too_large", Title: "The message is too long", Area: AreaSession, Category: API, Status: 413,
		What:  "The text of a message has more characters, or its data more bytes, than the server relays.",
		Why:   "Files or long documents are sent as messages. What people write is counted in characters as they see them, data in bytes of UTF-8.",
		Sign:  "The refusal states the limit. If only the type was too long, see message.type_too_large.",
		Do:    "Split the text, or upload the data elsewhere and send a link.",
		User:  "Your message is too long. Please shorten it.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMessage}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"message.type_too_large", "signal.frame_too_large"},
		Links: []string{rfc(9110, "15.5.14")},
	})
	// MessageTypeTooLarge: the type of the message is too long.
	MessageTypeTooLarge = declare(Kind{
		ID: "message.type_too_large", Title: "The type of the message is too long", Area: AreaSession, Category: API, Status: 413,
		What:  "The type string of a message has more bytes than are allowed.",
		Why:   "Data was put into the type, which is meant for a short name.",
		Sign:  "The message text is short and the type is not.",
		Do:    "Use a short, fixed name as type and put the data into the message.",
		User:  "Your message could not be sent.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMessage}, FixedBy: []Party{ByApp},
		See:   []string{"message.too_large"},
		Links: []string{rfc(9110, "15.5.14")},
	})
	// MessageLost: messages for a peer that was away were not kept.
	MessageLost = declare(Kind{
		ID: "message.lost", Title: "Messages for a peer that was away were not kept", Area: AreaSession, Category: Server,
		What:  "Messages and requests that came while a peer's signalling connection was lost were more than the server keeps, so some never reached it.",
		Why:   "Many or large messages were sent during the gap, or the server kept as much for other peers as it may.",
		Sign:  "It comes as a warning after the peer is back, with the number of messages and the limit that was reached. The state of the room is whole: peers, tracks and metadata come anew.",
		Do:    "Keep what must not be missed in the session's metadata or in the app's own store, and read it again after a reconnect. Raise the limit if it is reached often.",
		User:  "You may have missed some messages while you were disconnected.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpReconnect}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"signal.lost", "signal.silent"}, See: []string{"message.too_large", "signal.slow_consumer"},
		Links: []string{rfc(6455, "7.2.3")},
	})
	// MessageNotJSON: the message cannot be written as JSON.
	MessageNotJSON = declare(Kind{
		ID: "message.not_json", Title: "The message cannot be written as JSON", Area: AreaSession, Category: API, Status: 400,
		What:  "The data of a message cannot be turned into JSON, or is not JSON where JSON is expected.",
		Why:   "It holds functions, cycles, binary data or text that is not valid UTF-8.",
		Sign:  "`JSON.stringify` of the data throws or gives `undefined`.",
		Do:    "Send plain objects and strings, and encode binary data as base64.",
		User:  "Your message could not be sent.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMessage}, FixedBy: []Party{ByApp},
		See:   []string{"request.field_invalid", "signal.frame_invalid"},
		Links: []string{rfc(8259, "2"), rfc(9110, "15.5.1")},
	})
	// MetadataConflict: the metadata has changed in the meantime.
	MetadataConflict = declare(Kind{
		ID: "metadata.conflict", Title: "The metadata has changed in the meantime", Area: AreaSession, Category: API, Status: 409,
		What:  "A write to session metadata was made against a version that is no longer the newest.",
		Why:   "Two peers wrote the same key at nearly the same time.",
		Sign:  "Reading the key again shows a higher version and another author.",
		Do:    "Read the value again, apply the change to it, and write once more.",
		User:  "Someone else changed this at the same moment. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpMetadata}, FixedBy: []Party{ByApp},
		See:   []string{"room.already_locked"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// PollNotFound: no such poll.
	PollNotFound = declare(Kind{
		ID: "poll.not_found", Title: "No such poll", Area: AreaSession, Category: API, Status: 404,
		What:  "The call names a poll that this session does not have.",
		Why:   "The id belongs to another session, or the poll was never saved.",
		Sign:  "The list of polls does not hold the id.",
		Do:    "Take poll ids from the list of the running session.",
		User:  "This poll does not exist any more.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPoll}, FixedBy: []Party{ByApp},
		See:   []string{"poll.state"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// PollState: the poll is not in a state that allows this.
	PollState = declare(Kind{
		ID: "poll.state", Title: "The poll is not in a state that allows this", Area: AreaSession, Category: API, Status: 400,
		What:  "The poll exists, but it has not started, is running, or is over, and the call needs another state.",
		Why:   "Someone answered after the poll was stopped, or changed questions after it was started.",
		Sign:  "The refusal states the poll's state.",
		Do:    "Follow the start and stop notices and show controls that fit the state.",
		User:  "This poll is not open right now.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPoll}, FixedBy: []Party{ByApp},
		See:   []string{"poll.not_found", "poll.invalid"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// PollInvalid: the poll or the answer is not valid.
	PollInvalid = declare(Kind{
		ID: "poll.invalid", Title: "The poll or the answer is not valid", Area: AreaSession, Category: API, Status: 400,
		What:  "A question, an option or an answer breaks the rules of the poll.",
		Why:   "A question without options, an answer to an option that does not exist, or a second answer where one is allowed.",
		Sign:  "The refusal names the question.",
		Do:    "Check questions and answers in the app before they are sent.",
		User:  "That answer does not fit the question.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPoll}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"poll.state"},
		Links: []string{rfc(9110, "15.5.1")},
	})
)
