package fault

// Signalling: frames, calls and the socket.
var (
	// FrameInvalid: the frame is not a valid message.
	FrameInvalid = declare(Kind{
		ID: "signal.frame_invalid", Title: "The frame is not a valid message", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpConnect, OpJoin, OpAPI},
	})
	// FrameTooLarge: the frame is too large.
	FrameTooLarge = declare(Kind{
		ID: "signal.frame_too_large", Title: "The frame is too large", Category: API, Status: 413,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpConnect, OpPublish, OpMessage},
	})
	// MethodUnknown: the method is not known.
	MethodUnknown = declare(Kind{
		ID: "signal.method_unknown", Title: "The method is not known", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin, OpUpdate},
	})
	// FieldMissing: a required field is missing.
	FieldMissing = declare(Kind{
		ID: "request.field_missing", Title: "A required field is missing", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin, OpPublish, OpMessage, OpUpdate, OpAPI},
	})
	// FieldInvalid: a field has a wrong type or value.
	FieldInvalid = declare(Kind{
		ID: "request.field_invalid", Title: "A field has a wrong type or value", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin, OpPublish, OpMessage, OpUpdate, OpAPI},
	})
	// BodyInvalid: the request body cannot be read.
	BodyInvalid = declare(Kind{
		ID: "request.body_invalid", Title: "The request body cannot be read", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpReport},
	})
	// BodyTooLarge: the request body is too large.
	BodyTooLarge = declare(Kind{
		ID: "request.too_large", Title: "The request body is too large", Category: API, Status: 413,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI, OpReport},
	})
	// RouteUnknown: there is nothing at this address.
	RouteUnknown = declare(Kind{
		ID: "request.route_unknown", Title: "There is nothing at this address", Category: API, Status: 404,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI},
	})
	// MethodNotAllowed: the HTTP method is not allowed here.
	MethodNotAllowed = declare(Kind{
		ID: "request.method_not_allowed", Title: "The HTTP method is not allowed here", Category: API, Status: 405,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI},
	})
	// RequestCancelled: the caller gave up.
	RequestCancelled = declare(Kind{
		ID: "request.cancelled", Title: "The caller gave up", Category: Connection, Status: 499,
		Retry: RetrySame, Terminal: false, Ops: []Op{OpAPI, OpJoin},
	})
	// NotJoined: the call needs a peer that has joined.
	NotJoined = declare(Kind{
		ID: "signal.not_joined", Title: "The call needs a peer that has joined", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpMessage, OpUpdate},
	})
	// FeatureUnsupported: this feature is not part of the server.
	FeatureUnsupported = declare(Kind{
		ID: "feature.unsupported", Title: "This feature is not part of the server", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpStream, OpAPI},
	})
	// SignalLost: the signalling connection was lost.
	SignalLost = declare(Kind{
		ID: "signal.lost", Title: "The signalling connection was lost", Category: Connection, Status: 0,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpReconnect, OpLeave, OpJoin},
	})
	// SlowConsumer: the client does not read fast enough.
	SlowConsumer = declare(Kind{
		ID: "signal.slow_consumer", Title: "The client does not read fast enough", Category: Connection, Status: 0,
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReconnect},
	})
	// SignalUpgrade: the WebSocket could not be opened.
	SignalUpgrade = declare(Kind{
		ID: "signal.upgrade", Title: "The WebSocket could not be opened", Category: Connection, Status: 400,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpReconnect},
	})
	// NodeMoved: the peer is not known on this node.
	NodeMoved = declare(Kind{
		ID: "signal.node_moved", Title: "The peer is not known on this node", Category: Connection, Status: 421,
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpReconnect},
	})
)
