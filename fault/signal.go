// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Signalling: the socket and the calls on it.
var (
	// FrameInvalid: the frame is not a valid message.
	FrameInvalid = declare(Kind{
		ID: "signal.frame_invalid", Title: "The frame is not a valid message", Area: AreaSignal, Category: API, Status: 400,
		What:  "A frame on the signalling socket is not a JSON object of the expected shape, or is not valid UTF-8.",
		Why:   "A client that speaks another protocol, a binary frame, or text that was cut.",
		Sign:  "The server's log shows the first bytes of the frame. Other peers are not affected.",
		Do:    "Send one JSON object per text frame, with the fields of the protocol reference.",
		User:  "This app does not fit the call. Please update it.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpConnect, OpJoin, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"signal.method_unknown", "signal.frame_too_large", "client.frame_unreadable"},
		Links: []string{jsonRPCErrors, rfc(6455, "7.4.1"), rfc(8259, "2")},
	})
	// FrameTooLarge: the frame is too large.
	FrameTooLarge = declare(Kind{
		ID: "signal.frame_too_large", Title: "The frame is too large", Area: AreaSignal, Category: API, Status: 413,
		What:  "A frame on the signalling socket has more bytes than the server reads.",
		Why:   "Usually a session description with very many tracks or candidates, or a big message.",
		Sign:  "The refusal states the limit; the socket may be closed with code 1009.",
		Do:    "App: publish fewer tracks at once, or send less. Operator: raise the limit that the refusal names, limits.frame_bytes or limits.sdp_bytes.",
		User:  "That was too much at once. Please try again with less.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpConnect, OpPublish, OpMessage}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"message.too_large", "signal.frame_invalid"},
		Links: []string{rfc(6455, "7.4.1"), rfc(9110, "15.5.14")},
	})
	// MethodUnknown: the method is not known.
	MethodUnknown = declare(Kind{
		ID: "signal.method_unknown", Title: "The method is not known", Area: AreaSignal, Category: API, Status: 400,
		What:  "The call names a method that the server does not have.",
		Why:   "A spelling mistake, or a client that is newer than the server.",
		Sign:  "The refusal repeats the method's name.",
		Do:    "Compare the name with the protocol reference and update the older side.",
		User:  "This app does not fit the call. Please update it.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin, OpUpdate}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"feature.unsupported", "signal.frame_invalid"},
		Links: []string{jsonRPCErrors},
	})
	// FieldMissing: a required field is missing.
	FieldMissing = declare(Kind{
		ID: "request.field_missing", Title: "A required field is missing", Area: AreaSignal, Category: API, Status: 400,
		What:  "A field that the call cannot do without was left out or is empty.",
		Why:   "A variable was undefined when the app built the call.",
		Sign:  "The refusal names the field.",
		Do:    "Fill the field that is named in the reply.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false,
		Ops:     []Op{OpJoin, OpPublish, OpMessage, OpUpdate, OpAPI, OpConnect, OpSubscribe, OpCapture, OpRemove, OpForceUnpublish},
		FixedBy: []Party{ByApp},
		See:     []string{"request.field_invalid", "client.argument_invalid"},
		Links:   []string{jsonRPCErrors, rfc(9110, "15.5.1")},
	})
	// FieldInvalid: a field has a wrong type or value.
	FieldInvalid = declare(Kind{
		ID: "request.field_invalid", Title: "A field has a wrong type or value", Area: AreaSignal, Category: API, Status: 400,
		What:  "A field is there, but its type or value is not one that the call takes.",
		Why:   "A number was sent as text, a name was misspelt, or a value is out of range.",
		Sign:  "The refusal names the field and what was expected.",
		Do:    "Send the type and range that the reply asks for.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false,
		Ops:     []Op{OpJoin, OpPublish, OpMessage, OpUpdate, OpAPI, OpConnect, OpSubscribe, OpCapture, OpRemove, OpForceUnpublish},
		FixedBy: []Party{ByApp},
		See:     []string{"request.field_missing", "client.argument_invalid"},
		Links:   []string{jsonRPCErrors, rfc(9110, "15.5.1")},
	})
	// BodyInvalid: the request body cannot be read.
	BodyInvalid = declare(Kind{
		ID: "request.body_invalid", Title: "The request body cannot be read", Area: AreaSignal, Category: API, Status: 400,
		What:  "The body of an HTTP request is not JSON of the expected shape, or not in UTF-8.",
		Why:   "It is empty, cut, form encoded, in Latin-1, or written by joining strings.",
		Sign:  "The refusal names the position or field at which reading stopped.",
		Do:    "Send JSON written by an encoder, with the fields of the API reference.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpReport}, FixedBy: []Party{ByApp},
		See:   []string{"request.media_type", "request.field_invalid"},
		Links: []string{rfc(9110, "15.5.1"), rfc(8259, "2"), rfc(8259, "8.1")},
	})
	// BodyTooLarge: the request body is too large.
	BodyTooLarge = declare(Kind{
		ID: "request.too_large", Title: "The request body is too large", Area: AreaSignal, Category: API, Status: 413,
		What:  "The body of an HTTP request has more bytes than the server reads.",
		Why:   "Too many items in one request, or the wrong thing was uploaded.",
		Sign:  "The refusal states the limit. Nothing of the request was carried out.",
		Do:    "Send fewer items per request.",
		User:  "That was too much at once. Please try again with less.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpReport}, FixedBy: []Party{ByApp},
		See:   []string{"signal.frame_too_large"},
		Links: []string{rfc(9110, "15.5.14")},
	})
	// BodyTimeout: the request body did not arrive in time.
	BodyTimeout = declare(Kind{
		ID: "request.body_timeout", Title: "The request body did not arrive in time", Area: AreaSignal, Category: Connection, Status: 408,
		What:  "The headers of an HTTP request came, and its body did not follow within the time the server gives it.",
		Why:   "A network that is very slow or was lost, a client that announced more bytes than it sent, or somebody who holds connections open on purpose.",
		Sign:  "The refusal names the setting and how many bytes had come. The connection is closed behind it.",
		Do:    "Send the request again, in smaller parts on a slow network. Compare the Content-Length with what is sent.",
		User:  "The connection is too slow. Please try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpToken, OpReport}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"request.body_invalid", "request.too_large"},
		Links: []string{rfc(9110, "15.5.9")},
	})
	// RouteUnknown: there is nothing at this address.
	RouteUnknown = declare(Kind{
		ID: "request.route_unknown", Title: "There is nothing at this address", Area: AreaSignal, Category: API, Status: 404,
		What:  "No part of the server answers at the path that was asked for.",
		Why:   "A spelling mistake, a wrong version in the path, or a proxy that adds or removes a prefix.",
		Sign:  "The reply is JSON of this server. A page of someone else's means that the request went elsewhere.",
		Do:    "Compare the path with the API reference and look at what the proxy forwards.",
		User:  "This page does not exist.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpInit, OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"endpoint.wrong_path"},
		See:      []string{"request.method_not_allowed", "endpoint.invalid"},
		Links:    []string{rfc(9110, "15.5.5")},
	})
	// MethodNotAllowed: the HTTP method is not allowed here.
	MethodNotAllowed = declare(Kind{
		ID: "request.method_not_allowed", Title: "The HTTP method is not allowed here", Area: AreaSignal, Category: API, Status: 405,
		What:  "The path exists, but not for this HTTP method.",
		Why:   "GET in place of POST, or a redirect that turned one into the other.",
		Sign:  "The Allow header of the reply lists the methods that work.",
		Do:    "Use one of the methods in the Allow header.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"request.route_unknown"},
		Links: []string{rfc(9110, "15.5.6")},
	})
	// RequestCancelled: the caller gave up.
	RequestCancelled = declare(Kind{
		ID: "request.cancelled", Title: "The caller gave up", Area: AreaSignal, Category: Connection, Status: 499,
		What:  "The caller went away, or its deadline passed, before the work was done.",
		Why:   "The page was closed, the app set a short timeout, or the server was slow.",
		Sign:  "The server's log shows how long the call had run.",
		Do:    "Nothing, if the caller left. If its timeout was short, raise it and look at why the call took so long.",
		User:  "That took too long. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpAPI, OpJoin}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"server.queue_full", "signal.lost"}, See: []string{"join.abandoned"},
		Links: []string{rfc(9110, "15.5.9")},
	})
	// JoinAbandoned: the client closed the connection while joining.
	JoinAbandoned = declare(Kind{
		ID: "join.abandoned", Title: "The client closed the connection while joining", Area: AreaSignal, Category: Connection, Status: 499,
		What:  "The socket closed after the client asked to join and before it was in the room.",
		Why:   "The user closed the page or pressed cancel, the network went away, or the app joined and left in one go.",
		Sign:  "No peer was announced to the others. Two joins from one page within a second point to code that runs twice.",
		Do:    "Join again if the user is still there, and make sure that the app starts joining only once.",
		User:  "Joining was interrupted. Please try again.",
		Retry: RetrySame, Terminal: true, Ops: []Op{OpJoin}, FixedBy: []Party{ByApp, ByUser},
		CausedBy: []string{"signal.lost", "client.page_closed"}, See: []string{"request.cancelled"},
		Links: []string{rfc(6455, "7.1.5")},
	})
	// NotJoined: the call needs a peer that has joined.
	NotJoined = declare(Kind{
		ID: "signal.not_joined", Title: "The call needs a peer that has joined", Area: AreaSignal, Category: API, Status: 400,
		What:  "The server got a call that only a peer in the room can make, from a connection that has not joined.",
		Why:   "The app did not wait for join to finish, or kept calling after it had left.",
		Sign:  "The server refused it. If the client library refused by itself, see client.not_connected.",
		Do:    "Wait for join to succeed before you make other calls, and stop when the session ends.",
		User:  "You are not in the call yet.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpMessage, OpUpdate}, FixedBy: []Party{ByApp},
		See:   []string{"client.not_connected", "peer.gone"},
		Links: []string{jsonRPCErrors, rfc(9110, "15.5.10")},
	})
	// FeatureUnsupported: this feature is not part of the server.
	FeatureUnsupported = declare(Kind{
		ID: "feature.unsupported", Title: "This feature is not part of the server", Area: AreaSignal, Category: API, Status: 400,
		What:  "The call is well formed and known, but this server does not offer what it asks for.",
		Why:   "Streaming out, recording, whiteboards, transcription and telephony are outside what the server does.",
		Sign:  "The refusal names the feature. An unknown method is signal.method_unknown.",
		Do:    "Hide the feature in the app. The list of supported calls is in the protocol reference.",
		User:  "This function is not available in this call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpStream, OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"signal.method_unknown"},
		Links: []string{rfc(9110, "15.6.2")},
	})
	// SignalLost: the signalling connection was lost.
	SignalLost = declare(Kind{
		ID: "signal.lost", Title: "The signalling connection was lost", Area: AreaSignal, Category: Connection,
		What:  "The open socket to the server broke, and the client could not get it back in time.",
		Why:   "The network changed or went away, a proxy cut an idle connection, the page was suspended, or the server stopped.",
		Sign:  "Look at the age of the last frame and at the media: if media went on, only the socket's path failed. Many peers at one moment point to the server or a proxy.",
		Do:    "Let the client reconnect with the same peer id. When it gives up, offer a button to join again; behind a proxy, raise its idle timeout above the ping interval.",
		User:  "Your connection was lost. Check your internet connection and join again.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpReconnect, OpLeave, OpJoin}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{
			"network.offline", "signal.silent", "server.draining", "server.bad_gateway", "signal.slow_consumer",
			"network.lost", "client.suspended", "client.vanished", "path.changed", "signal.cut_by_proxy",
			"peer.id_shared", "server.stalled", "server.restarted",
		},
		See:   []string{"signal.upgrade", "signal.closed_early"},
		Links: []string{rfc(6455, "7.1.7"), rfc(6455, "7.4.1")},
	})
	// SignalSilent: nothing was heard on the socket for too long.
	SignalSilent = declare(Kind{
		ID: "signal.silent", Title: "Nothing was heard on the socket for too long", Area: AreaSignal, Category: Connection,
		What:  "The socket looked open, but no frame, not even an answer to a ping, arrived in time.",
		Why:   "The path died without a reset, the page or the device was asleep, or the other side was too busy to answer.",
		Sign:  "The close comes a fixed time after the last frame and names the ping. With a reset it is signal.lost at once.",
		Do:    "Nothing special: clients reconnect. If it happens to many at once, look at the server's load.",
		User:  "Your connection was interrupted. Trying to reconnect.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReconnect}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{"network.offline", "server.queue_full", "network.lost", "client.suspended", "server.stalled"}, See: []string{"signal.lost"},
		Links: []string{rfc(6455, "5.5.2"), rfc(6455, "5.5.3")},
	})
	// SlowConsumer: the client does not read fast enough.
	SlowConsumer = declare(Kind{
		ID: "signal.slow_consumer", Title: "The client does not read fast enough", Area: AreaSignal, Category: Connection,
		What:  "Messages for one peer piled up on the server until its queue was full, so its socket was closed.",
		Why:   "A very slow link, a page that is suspended or busy, or far more notices than the client can take.",
		Sign:  "Only this peer is concerned; the server counts full queues.",
		Do:    "Let the client reconnect: it gets the whole state anew. Look at what keeps its main thread busy.",
		User:  "Your connection is slow. Trying to reconnect.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReconnect}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"signal.silent", "server.queue_full"},
		Links: []string{rfc(6455, "7.4.1")},
	})
	// SignalUpgrade: the WebSocket could not be opened.
	SignalUpgrade = declare(Kind{
		ID: "signal.upgrade", Title: "The WebSocket could not be opened", Area: AreaSignal, Category: Connection, Status: 400,
		What:  "The request to open the signalling socket did not become a WebSocket.",
		Why:   "A proxy does not forward the upgrade, the address is wrong, a firewall refuses WebSockets, or the server refused it. Browsers hide the reason from the page.",
		Sign:  "Ordinary HTTP to the same host works. The status in the browser's network panel names who refused.",
		Do:    "Check that the proxy passes Upgrade and Connection headers and that the scheme is wss on https pages.",
		User:  "The call could not be reached. Check your connection or try another network.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpReconnect}, FixedBy: []Party{ByOperator, ByUser},
		CausedBy: []string{
			"endpoint.unreachable", "tls.failed", "server.bad_gateway", "network.offline", "endpoint.name_unresolved",
			"endpoint.refused", "endpoint.wrong_path",
		},
		See:   []string{"signal.closed_early", "endpoint.invalid"},
		Links: []string{rfc(6455, "4.1"), rfc(6455, "4.2.2")},
	})
	// SignalClosedEarly: the socket closed before it was open.
	SignalClosedEarly = declare(Kind{
		ID: "signal.closed_early", Title: "The socket closed before it was open", Area: AreaSignal, Category: Connection,
		What:  "The connection attempt ended in a close without a close frame, before the socket had opened.",
		Why:   "The network went away while connecting, or the server or a proxy dropped the connection during the handshake.",
		Sign:  "The close code is 1006 and no open came before it. A socket that had been open meets signal.lost.",
		Do:    "Try again with a pause. If it never works, look at the proxy's log.",
		User:  "The call could not be reached. Please try again.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpReconnect}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{"network.offline", "tls.failed", "endpoint.name_unresolved", "endpoint.refused", "server.restarted"}, See: []string{"signal.upgrade", "signal.lost"},
		Links: []string{rfc(6455, "7.1.7"), rfc(6455, "7.4.1")},
	})
	// SignalClosed: the socket was closed on purpose.
	SignalClosed = declare(Kind{
		ID: "signal.closed", Title: "The socket was closed on purpose", Area: AreaSignal, Category: Connection,
		What:  "One side ended the connection in the regular way. Nothing failed.",
		Why:   "The peer left, or the server had nothing more to say.",
		Sign:  "Close code 1000, or 1005 when the closing side gave no code.",
		Do:    "Nothing. Treat it like a leave.",
		User:  "You have left the call.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpLeave}, FixedBy: []Party{ByApp},
		See:   []string{"client.page_closed", "room.ended"},
		Links: []string{rfc(6455, "7.4.1")},
	})
	// SignalProtocol: the WebSocket protocol was broken.
	SignalProtocol = declare(Kind{
		ID: "signal.protocol", Title: "The WebSocket protocol was broken", Area: AreaSignal, Category: API, Status: 400,
		What:  "One side sent bytes that are not valid WebSocket frames, or a kind of frame that the other does not take.",
		Why:   "A broken client or proxy, a binary frame where text is expected, or something that is not a WebSocket client at all.",
		Sign:  "Close code 1002 for broken frames, 1003 for a kind of data that is not taken.",
		Do:    "Use a WebSocket library, send text frames, and take proxies that rewrite traffic out of the path.",
		User:  "This app does not fit the call. Please update it.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"signal.frame_invalid"},
		Links: []string{rfc(6455, "7.4.1"), rfc(6455, "5.2")},
	})
	// SignalPolicy: the socket was closed for breaking a rule.
	SignalPolicy = declare(Kind{
		ID: "signal.policy", Title: "The socket was closed for breaking a rule", Area: AreaSignal, Category: Permission, Status: 403,
		What:  "The other side closed the socket because of a rule of its own and gave only the general code for that.",
		Why:   "Often the origin of the page, the token, or the number of messages was not acceptable.",
		Sign:  "Close code 1008. The reason text and the server's log say which rule it was.",
		Do:    "Read the close reason and the server's log, and correct what they name.",
		User:  "You were disconnected from this call.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect, OpLeave}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"rate.limited", "peer.removed", "token.expired"},
		Links:    []string{rfc(6455, "7.4.1"), rfc(6455, "10.2")},
	})
	// SignalExtension: a WebSocket extension that the client needs was not granted.
	SignalExtension = declare(Kind{
		ID: "signal.extension", Title: "A WebSocket extension was not granted", Area: AreaSignal, Category: Connection,
		What:  "The client needs a WebSocket extension that the server did not agree to, and closed the socket.",
		Why:   "The client insists on compression or another extension that the server or a proxy does not offer.",
		Sign:  "Close code 1010. Browsers never do this; look at other kinds of client.",
		Do:    "Make the extension optional in the client.",
		User:  "This app does not fit the call. Please update it.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect}, FixedBy: []Party{ByApp},
		See:   []string{"signal.upgrade"},
		Links: []string{rfc(6455, "7.4.1"), rfc(6455, "9.1")},
	})
	// NodeMoved: the peer is not known on this node.
	NodeMoved = declare(Kind{
		ID: "signal.node_moved", Title: "The peer is not known on this node", Area: AreaSignal, Category: Connection, Status: 421,
		What:  "A call reached a server process that does not hold the peer's media connections.",
		Why:   "The process was restarted, or the peer was moved to another node.",
		Sign:  "It comes right after a reconnect; a notice with a new node id follows and the client rebuilds its media.",
		Do:    "Nothing in the app: clients move by themselves. If it repeats, look at how the proxy spreads connections.",
		User:  "Your connection is being moved. One moment, please.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpReconnect}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.draining"}, See: []string{"peer.gone"},
		Links: []string{rfc(9110, "15.5.20")},
	})
)
