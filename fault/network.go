package fault

// The path of the media.
var (
	// ICEFailed: the media connection failed.
	ICEFailed = declare(Kind{
		ID: "ice.failed", Title: "The media connection failed", Category: Connection, Status: 0,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpPublish, OpSubscribe, OpReconnect},
	})
	// ICEDisconnected: the media connection was interrupted.
	ICEDisconnected = declare(Kind{
		ID: "ice.disconnected", Title: "The media connection was interrupted", Category: Connection, Status: 0,
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe},
	})
	// DTLSFailed: the media connection could not be secured.
	DTLSFailed = declare(Kind{
		ID: "dtls.failed", Title: "The media connection could not be secured", Category: Connection, Status: 0,
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe},
	})
	// EndpointUnreachable: the server cannot be reached.
	EndpointUnreachable = declare(Kind{
		ID: "endpoint.unreachable", Title: "The server cannot be reached", Category: Connection, Status: 0,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpReconnect},
	})
)
