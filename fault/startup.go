// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

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
	// ProxyUnknown: the server does not know the proxy in front of it.
	ProxyUnknown = declare(Kind{
		ID: "server.proxy_unknown", Title: "The server does not know the proxy in front of it", Area: AreaServer, Category: API, Status: 400,
		What:  "A client came over https, and the only socket address the server knows cannot be opened from there: it is a plain ws:// one, or a name inside the operator's network.",
		Why:   "A proxy does TLS and the server was not told: `http.behind_proxy` does not name it, or it does not pass on host and scheme, and `http.public_url` is empty.",
		Sign:  "The server's log names the proxy's address, the page's origin if there is one, and the address that would not have worked.",
		Do:    "Set `http.public_url` to the https address that clients use, and `http.behind_proxy` to the address of the proxy, which then says who is asking.",
		User:  "The service is not set up correctly. Please tell its makers.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit}, FixedBy: []Party{ByOperator},
		See:   []string{"signal.upgrade", "endpoint.invalid"},
		Links: []string{rfc(7239, "4"), "https://www.w3.org/TR/mixed-content/#should-block-fetch"},
	})
)
