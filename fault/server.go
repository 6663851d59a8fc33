// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What only the operator can put right.
var (
	// Internal: internal error.
	Internal = declare(Kind{
		ID: "server.internal", Title: "Internal error", Area: AreaServer, Category: Server, Status: 500,
		What:  "The server failed in a way that has no name of its own.",
		Why:   "A bug, or a condition nobody foresaw. The cause is kept from the peer and written to the log.",
		Sign:  "The log line with this id and the peer's id holds the cause.",
		Do:    "Find the log line by time and peer, and report it together with the version of the server.",
		User:  "Something went wrong on our side. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpJoin, OpPublish}, FixedBy: []Party{ByVendor, ByOperator},
		See:   []string{"client.internal", "server.invariant"},
		Links: []string{rfc(9110, "15.6.1"), jsonRPCErrors},
	})
	// Invariant: the server's own bookkeeping does not add up.
	Invariant = declare(Kind{
		ID: "server.invariant", Title: "The server's own bookkeeping does not add up", Area: AreaServer, Category: Server, Status: 500,
		What:  "A check inside the server found its own counters or state in contradiction.",
		Why:   "A bug in the server: something was counted twice, or released more often than it was taken.",
		Sign:  "No client can cause or avoid it; it appears in the log with the check that failed.",
		Do:    "Report it with the log line. Trying again usually works, since the state was corrected.",
		User:  "Something went wrong on our side. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpUpdate, OpJoin}, FixedBy: []Party{ByVendor},
		See:   []string{"server.internal"},
		Links: []string{rfc(9110, "15.6.1")},
	})
	// Draining: the server is shutting down.
	Draining = declare(Kind{
		ID: "server.draining", Title: "The server is shutting down", Area: AreaServer, Category: Server, Status: 503,
		What:  "The server takes no new joins, because it is about to stop.",
		Why:   "An update or a planned restart.",
		Sign:  "Its readiness check fails while its health check passes. Sockets close with code 1001 or 1012.",
		Do:    "Reconnect after a pause; a load balancer should send new peers elsewhere already.",
		User:  "The service is being restarted. Please join again in a moment.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpJoin}, FixedBy: []Party{ByOperator},
		See:   []string{"server.queue_full", "signal.node_moved"},
		Links: []string{rfc(9110, "15.6.4"), rfc(6455, "7.4.1")},
	})
	// StoreUnavailable: the server cannot write its data.
	StoreUnavailable = declare(Kind{
		ID: "server.store", Title: "The server cannot write its data", Area: AreaServer, Category: Server, Status: 503,
		What:  "Reading or writing the data directory failed.",
		Why:   "The disk is gone, failing or too slow. What has a name of its own (full, read-only, another's, damaged, locked) is told by it.",
		Sign:  "The log names the file, its owner and the system's error.",
		Do:    "Look at the disk and at the system's log, then run `redial check`. Nothing was half written: what was confirmed is kept.",
		User:  "The service has a problem. Please try again in a few minutes.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpReport}, FixedBy: []Party{ByOperator},
		See:   []string{"server.events_dropped", "server.store_full", "server.store_damaged"},
		Links: []string{rfc(9110, "15.6.4")},
	})
	// StoreFull: the disk is full.
	StoreFull = declare(Kind{
		ID: "server.store_full", Title: "The server's disk is full", Area: AreaServer, Category: Server, Status: 503,
		What:  "A file of the data directory cannot grow, because its filesystem or the quota of its owner is used up.",
		Why:   "Events, logs or something else on the same filesystem took the space.",
		Sign:  "`/readyz` answers 503. The log names the file and how many bytes are free. Calls go on from memory.",
		Do:    "Make room on that filesystem: what waits is written by itself then. Shorten events.retention or give data.dir a disk of its own.",
		User:  "The service has a problem. Please try again in a few minutes.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpReport, OpServe}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"server.events_dropped"},
		Links: []string{"https://pubs.opengroup.org/onlinepubs/9799919799/functions/V2_chap02.html", rfc(9110, "15.6.4")},
	})
	// StoreReadOnly: the filesystem of the data directory is read-only.
	StoreReadOnly = declare(Kind{
		ID: "server.store_read_only", Title: "The server's disk is read-only", Area: AreaServer, Category: Server, Status: 503,
		What:  "The filesystem of the data directory takes no writes.",
		Why:   "It was mounted read-only, or the system made it so after an error of the disk.",
		Sign:  "The log names the file. The system's log says why the filesystem was remounted.",
		Do:    "Look for errors of the disk, then mount the filesystem writable (`mount -o remount,rw`). What waits is written by itself then.",
		User:  "The service has a problem. Please try again in a few minutes.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpReport, OpServe}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"server.store_denied"},
		Links: []string{"https://man7.org/linux/man-pages/man8/mount.8.html", rfc(9110, "15.6.4")},
	})
	// StoreDenied: the server may not write its data.
	StoreDenied = declare(Kind{
		ID: "server.store_denied", Title: "The server may not write its data", Area: AreaServer, Category: Server, Status: 503,
		What:  "The user the server runs as has no permission for a file of the data directory.",
		Why:   "The directory was made or restored by another user, often by root.",
		Sign:  "The log names the file, its owner and mode, and the user of the server.",
		Do:    "Give the whole data directory to the server's user (`chown -R USER DIR`), or start the server as its owner.",
		User:  "The service has a problem. Please try again in a few minutes.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpReport, OpServe}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"server.store_read_only"},
		Links: []string{"https://man7.org/linux/man-pages/man1/chown.1.html", rfc(9110, "15.6.4")},
	})
	// StoreDamaged: a database file is damaged.
	StoreDamaged = declare(Kind{
		ID: "server.store_damaged", Title: "A file of the server's data is damaged", Area: AreaServer, Category: Server, Status: 503,
		What:  "A database of the data directory is not what was written to it. The server does not start with such a file.",
		Why:   "The disk lost or changed what it held, the file was copied while it was in use, or something else wrote into it.",
		Sign:  "The log names the file and what is wrong in it. `redial check` lists every damaged place of every file.",
		Do:    "Stop the server, keep the file for later, and restore the directory from the newest `redial backup` (docs/operation.md). Check the disk.",
		User:  "The service has a problem. Please try again later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpServe, OpAPI, OpReport}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"server.data_dir_busy"},
		Links: []string{"https://www.sqlite.org/howtocorrupt.html", rfc(9110, "15.6.4")},
	})
	// StoreLocked: another process holds a database file.
	StoreLocked = declare(Kind{
		ID: "server.store_locked", Title: "Another process holds a file of the server's data", Area: AreaServer, Category: Server, Status: 503,
		What:  "A database of the data directory is locked by another process, which did not let go in time.",
		Why:   "A shell of sqlite3 with an open transaction, a backup that locks files, or an antivirus.",
		Sign:  "The log names the file. `fuser FILE` or `lsof FILE` names the process.",
		Do:    "End the other process's transaction. Back up with `redial backup`, which locks nothing.",
		User:  "The service has a problem. Please try again in a few minutes.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI, OpReport, OpServe}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"server.data_dir_busy"},
		Links: []string{"https://www.sqlite.org/rescode.html#busy", rfc(9110, "15.6.4")},
	})
	// EventsDropped: events could not be recorded.
	EventsDropped = declare(Kind{
		ID: "server.events_dropped", Title: "Events could not be recorded", Area: AreaServer, Category: Server, Status: 429,
		What:  "More error events came in than could be written, so some were not kept.",
		Why:   "The store is slow or broken, or a mass failure produced a flood of reports.",
		Sign:  "The counter of dropped events rises. Calls are not affected.",
		Do:    "Clients that were told so send their report again later. Look at the store's speed.",
		User:  "Your error report will be sent again later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"server.queue_full", "report.failed"},
		Links: []string{rfc(6585, "4")},
	})
	// QueueFull: the server is too busy.
	QueueFull = declare(Kind{
		ID: "server.queue_full", Title: "The server is too busy", Area: AreaServer, Category: Server, Status: 429,
		What:  "A bounded queue inside the server was full, so it refused new work at once instead of letting everyone wait.",
		Why:   "More load than the machine can take, or a slow disk behind the queue.",
		Sign:  "Many callers are refused in the same seconds; the metrics name the queue.",
		Do:    "Try again after a pause that grows. If it lasts, add capacity.",
		User:  "The service is busy. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport, OpAPI, OpConnect}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.store"}, See: []string{"rate.limited"},
		Links: []string{rfc(6585, "4"), rfc(9110, "15.6.4")},
	})
	// Overloaded: the server takes no newcomers for now.
	Overloaded = declare(Kind{
		ID: "server.overloaded", Title: "The server is full", Area: AreaServer, Category: Server, Status: 503,
		What:  "The server carries as much as it can without hurting the calls on it, so it lets nobody new in for now. Who is inside stays, and who lost the connection comes back.",
		Why:   "Processor, memory, peers or tracks have reached the limit set for this node.",
		Sign:  "The refusal names the limit. The readiness check fails, and `redial_node_overloaded` is 1 for that limit.",
		Do:    "Try again after the time the reply gives, with a pause that grows; a load balancer should send newcomers elsewhere. If it lasts, add a node or raise the limit.",
		User:  "The service is full right now. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpJoin, OpPublish}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.files_exhausted"},
		See:      []string{"server.queue_full", "room.full", "rate.limited"},
		Links:    []string{rfc(9110, "15.6.4"), rfc(9110, "10.2.3")},
	})
	// EventQuota: more events were reported than are stored.
	EventQuota = declare(Kind{
		ID: "server.event_quota", Title: "Too many events were reported", Area: AreaServer, Category: API, Status: 429,
		What:  "More events were reported in a minute by one token, about one peer or room, or by one account, than the server stores.",
		Why:   "An app that reports the same failure in a loop, or a flood by whoever holds a token.",
		Sign:  "The refusal names the limit, events.quotas..., and when to try again. Events of others are stored meanwhile.",
		Do:    "Report each failure once and wait as long as the reply asks. If honest clients are refused, raise the limit that is named.",
		User:  "The problem could not be reported right now. It will be tried again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"rate.limited", "server.events_dropped"},
		Links: []string{rfc(6585, "4"), rfc(9110, "10.2.3")},
	})
	// ServerClock: the server's clock jumped.
	ServerClock = declare(Kind{
		ID: "server.clock", Title: "The server's clock is wrong or jumped", Area: AreaServer, Category: Server, Status: 500,
		What:  "The wall clock of the server differs from the others' by more than the leeway, or moved in a step.",
		Why:   "Time synchronisation is off, or a virtual machine was paused and resumed.",
		Sign:  "Tokens of all issuers are refused as expired or not yet valid at the same time.",
		Do:    "Run a time service on the host. Tokens need no change.",
		User:  "The service has a problem with its clock. Please try again in a few minutes.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpServe, OpInit}, FixedBy: []Party{ByOperator},
		See:   []string{"token.not_yet_valid", "token.expired"},
		Links: []string{rfc(7519, "4.1.4"), rfc(5905, "")},
	})
	// ConfigInvalid: the configuration is not valid.
	ConfigInvalid = declare(Kind{
		ID: "config.invalid", Title: "The configuration is not valid", Area: AreaServer, Category: Server,
		What:  "The server refuses to start, because its configuration cannot be right.",
		Why:   "An unknown key, a value of the wrong type, a missing secret, or two settings that contradict each other.",
		Sign:  "The message names the setting and, for a file, the line.",
		Do:    "Correct the setting. `redial config` prints every setting with its meaning and default.",
		User:  "The service is not running. Please try again later.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpServe}, FixedBy: []Party{ByOperator},
		See:   []string{"media.advertised_address", "server.data_dir_busy"},
		Links: []string{"https://yaml.org/spec/1.2.2/"},
	})
	// AdvertisedAddress: an advertised media address cannot be right.
	AdvertisedAddress = declare(Kind{
		ID: "media.advertised_address", Title: "An advertised media address cannot be right", Area: AreaServer, Category: Server,
		What:  "The server offers peers an address for media at which it does not answer its own probe.",
		Why:   "An address of a container network, a typing mistake, a public address without forwarding, or a changed public address.",
		Sign:  "Joining works and media never does, for everybody who is not on the same machine.",
		Do:    "Set the advertised addresses to those under which peers reach the media port, and open that port for UDP and TCP.",
		User:  "Sound and video are not working on our side. Please try again later.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpServe, OpConnect}, FixedBy: []Party{ByOperator},
		See:   []string{"ice.failed"},
		Links: []string{rfc(8445, "5.1.1.1")},
	})
	// MediaNodeUnreachable: the media node cannot be reached.
	MediaNodeUnreachable = declare(Kind{
		ID: "media_node.unreachable", Title: "The media node cannot be reached", Area: AreaServer, Category: Server, Status: 502,
		What:  "The signalling server asked the node that carries the media, and the request could not be made.",
		Why:   "The node is down or overloaded, or the network between the two is.",
		Sign:  "Signalling works for everyone; every operation on media fails for the peers of one node.",
		Do:    "Try again after a pause. Operators look at the node that the log names.",
		User:  "Sound and video are not available right now. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe, OpJoin}, FixedBy: []Party{ByOperator},
		See:   []string{"media_node.response"},
		Links: []string{rfc(9110, "15.6.3")},
	})
	// MediaNodeResponse: the media node gave an answer that makes no sense.
	MediaNodeResponse = declare(Kind{
		ID: "media_node.response", Title: "The media node answered nonsense", Area: AreaServer, Category: Server, Status: 502,
		What:  "The media node was reached, but its answer could not be understood.",
		Why:   "Signalling server and media node have different versions, or a proxy between them answered instead.",
		Sign:  "The log shows an answer, not a failed connection.",
		Do:    "Bring both sides to the same version. Trying again helps only while an update is running.",
		User:  "Sound and video are not available right now. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe, OpJoin}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"media_node.unreachable", "response.malformed"},
		Links: []string{rfc(9110, "15.6.3")},
	})
	// BadGateway: a proxy could not reach the server.
	BadGateway = declare(Kind{
		ID: "server.bad_gateway", Title: "A proxy could not reach the server", Area: AreaServer, Category: Server, Status: 502,
		What:  "The proxy in front answered for the server, because the server did not answer it.",
		Why:   "The server is restarting, listens elsewhere than the proxy believes, or answered too late.",
		Sign:  "Status 502 or 504 with a page of the proxy's, or close code 1014. The server's own log shows no request.",
		Do:    "Check the proxy's upstream address. During restarts let the proxy refuse connections rather than answer 502: clients treat an HTTP error as final.",
		User:  "The service is being restarted. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpReconnect}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.draining"}, See: []string{"endpoint.unreachable", "response.status"},
		Links: []string{rfc(9110, "15.6.3"), rfc(9110, "15.6.5")},
	})
	// CatalogueUnknown: the catalogue has no such id, code or name.
	CatalogueUnknown = declare(Kind{
		ID: "catalogue.unknown", Title: "The catalogue has no such id, code or name", Area: AreaServer, Category: API, Status: 404,
		What:  "What was asked about is not the id of a fault and not a code or name of any vocabulary in the catalogue.",
		Why:   "A spelling mistake, a code of another product, or a number that belongs to another method.",
		Sign:  "The reply lists the nearest words that exist.",
		Do:    "Ask for one of the suggestions, or list everything with `redial faults`.",
		User:  "This error is not known.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"request.field_invalid"},
		Links: []string{rfc(9110, "15.5.5")},
	})
)
