package fault

// What only the operator can put right.
var (
	// Internal: internal error.
	Internal = declare(Kind{
		ID: "server.internal", Title: "Internal error", Category: Server, Status: 500,
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpJoin, OpPublish},
	})
	// Draining: the server is shutting down.
	Draining = declare(Kind{
		ID: "server.draining", Title: "The server is shutting down", Category: Server, Status: 503,
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpJoin},
	})
	// StoreUnavailable: the server cannot write its data.
	StoreUnavailable = declare(Kind{
		ID: "server.store", Title: "The server cannot write its data", Category: Server, Status: 503,
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpReport},
	})
	// EventsDropped: events could not be recorded.
	EventsDropped = declare(Kind{
		ID: "server.events_dropped", Title: "Events could not be recorded", Category: Server, Status: 429,
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport},
	})
	// QueueFull: the server is too busy.
	QueueFull = declare(Kind{
		ID: "server.queue_full", Title: "The server is too busy", Category: Server, Status: 429,
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport, OpAPI},
	})
	// ConfigInvalid: the configuration is not valid.
	ConfigInvalid = declare(Kind{
		ID: "config.invalid", Title: "The configuration is not valid", Category: Server, Status: 0,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI},
	})
	// AdvertisedAddress: an advertised media address cannot be right.
	AdvertisedAddress = declare(Kind{
		ID: "media.advertised_address", Title: "An advertised media address cannot be right", Category: Server, Status: 0,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpConnect},
	})
)
