package fault

// What goes wrong before the first client, and pages that may not call.
var (
	// ListenFailed: an address could not be listened on.
	ListenFailed = declare(Kind{
		ID: "server.listen", Title: "An address could not be listened on", Area: AreaServer, Category: Server, Status: 0,
		What:  "The server could not open the socket that the named setting asks for, so it did not start.",
		Why:   "Another process holds the port, the address is none of this machine's, or ports below 1024 need a privilege.",
		Sign:  "The message names the setting, the address and the system's error.",
		Do:    "Change the setting, stop the other process (`ss -lptun` shows it), or grant CAP_NET_BIND_SERVICE.",
		User:  "The service is not available at the moment. Please try again later.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpServe}, FixedBy: []Party{ByOperator},
		See:   []string{"config.invalid", "server.data_dir_busy"},
		Links: []string{rfc(9293, "3.3.1")},
	})
	// OriginRefused: pages of this origin may not call the server.
	OriginRefused = declare(Kind{
		ID: "request.origin", Title: "Pages of this origin may not call the server", Area: AreaAuth, Category: Permission, Status: 403,
		What:  "A page called the server from a web origin that `http.allowed_origins` does not name.",
		Why:   "The operator restricted the origins and this one was forgotten, or a stranger embeds the service.",
		Sign:  "The refusal names the origin. Clients that send no origin, such as native apps, are not concerned.",
		Do:    "Add the page's origin, scheme and port included, to `http.allowed_origins`.",
		User:  "This page is not allowed to use the service. Please tell its makers.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit, OpConnect, OpAPI}, FixedBy: []Party{ByOperator},
		See:   []string{"response.cross_origin"},
		Links: []string{rfc(6454, "7"), rfc(6455, "10.2"), "https://fetch.spec.whatwg.org/#http-cors-protocol"},
	})
)
