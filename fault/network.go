// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Reaching the server at all, and understanding what it answers.
var (
	// NetworkOffline: the device has no network.
	NetworkOffline = declare(Kind{
		ID: "network.offline", Title: "The device has no network", Area: AreaNetwork, Category: Connection,
		What:  "The call could not be carried out, because the device is not connected to any network.",
		Why:   "Wi-Fi or mobile data is off, a cable is loose, or the device is in flight mode.",
		Sign:  "`navigator.onLine` is false and no other site loads either.",
		Do:    "Wait for the browser's `online` event, then reconnect.",
		User:  "You are offline. Check your internet connection.",
		Retry: RetryBackoff, Terminal: false,
		Ops: []Op{OpConnect, OpInit, OpReconnect, OpPublish, OpSubscribe, OpMessage, OpRemove, OpForceUnpublish, OpStats}, FixedBy: []Party{ByUser},
		See:   []string{"endpoint.unreachable", "client.not_connected"},
		Links: []string{html("system-state", "dom-navigator-online")},
	})
	// EndpointUnreachable: the server cannot be reached.
	EndpointUnreachable = declare(Kind{
		ID: "endpoint.unreachable", Title: "The server cannot be reached", Area: AreaNetwork, Category: Connection,
		What:  "A request to the server got no answer, or none that the browser would show to the page.",
		Why:   "No network, a wrong host name, a firewall, a server that is down, a certificate that is not trusted, or an answer without the headers for other origins. Some clients count status 404 as unreachable too.",
		Sign:  "The browser's network panel says which: a DNS, connection, TLS or CORS failure.",
		Do:    "Check the address from the same network with another tool, then certificate and CORS headers. Retry with a growing pause.",
		User:  "The call could not be reached. Check your internet connection and try again.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpReconnect, OpToken}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{
			"network.offline", "endpoint.invalid", "tls.failed", "server.bad_gateway", "response.cross_origin",
			"endpoint.name_unresolved", "endpoint.refused", "endpoint.wrong_path",
		},
		See:   []string{"signal.upgrade"},
		Links: []string{"https://fetch.spec.whatwg.org/#concept-network-error"},
	})
	// EndpointInvalid: the address of the server is not valid.
	EndpointInvalid = declare(Kind{
		ID: "endpoint.invalid", Title: "The address of the server is not valid", Area: AreaNetwork, Category: API,
		What:  "The address that the app or a token gave for the server cannot be used as a URL for this purpose.",
		Why:   "A missing scheme, http in place of https or ws, blanks, or an empty setting.",
		Sign:  "No request leaves the device.",
		Do:    "Log the address as it is used and compare it with the one in the guide.",
		User:  "The app is not set up correctly. Please contact its makers.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpInit, OpConnect, OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"endpoint.unreachable", "ice.server_invalid"},
		Links: []string{"https://url.spec.whatwg.org/#valid-url-string", rfc(6455, "3")},
	})
	// InitConfigMissing: the connection settings are not there.
	InitConfigMissing = declare(Kind{
		ID: "init.config_missing", Title: "The connection settings are missing", Area: AreaNetwork, Category: API,
		What:  "The client was about to open its socket and had no answer from the server that says where and how.",
		Why:   "A mistake inside the client library, or a call made in the wrong order.",
		Sign:  "No earlier request for settings failed; a failed one is reported by its own fault.",
		Do:    "Update the client library and join through its public calls only.",
		User:  "Something in the app went wrong. Please reload and try again.",
		Retry: RetrySame, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByVendor, ByApp},
		See:   []string{"endpoint.invalid", "endpoint.unreachable"},
		Links: []string{html("webappapis", "report-the-error")},
	})
	// TLSFailed: the connection could not be encrypted.
	TLSFailed = declare(Kind{
		ID: "tls.failed", Title: "The connection could not be encrypted", Area: AreaNetwork, Category: Connection,
		What:  "The TLS handshake with the server failed, so no request could be sent.",
		Why:   "A certificate that has expired, is for another name, or lacks an intermediate; a device whose clock is wrong; or a proxy that inspects traffic.",
		Sign:  "Opening the same address in a browser tab shows a certificate warning. For a socket the close code is 1015.",
		Do:    "Serve a complete certificate chain for the right name and renew it in time.",
		User:  "A secure connection could not be made. Check the date and time of your device or try another network.",
		Retry: RetryUser, Terminal: true, Ops: []Op{OpConnect, OpInit, OpReconnect}, FixedBy: []Party{ByOperator, ByUser},
		See:   []string{"endpoint.unreachable", "page.insecure"},
		Links: []string{rfc(8446, "6.2"), rfc(6455, "7.4.1")},
	})
	// ResponseUnexpected: the server's answer was not expected.
	ResponseUnexpected = declare(Kind{
		ID: "response.unexpected", Title: "The server's answer was not expected", Area: AreaNetwork, Category: Server,
		What:  "The server answered, but the answer does not fit the call.",
		Why:   "Client and server have different versions, something in between answered, or the server failed half-way.",
		Sign:  "The call reached the server. Empty answers, wrong statuses and broken JSON have faults of their own.",
		Do:    "Record the answer, try again later, and compare the versions of both sides.",
		User:  "The service gave an unexpected answer. Please try again later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpConnect, OpPublish, OpSubscribe, OpMessage}, FixedBy: []Party{ByOperator, ByVendor},
		CausedBy: []string{"server.internal", "response.malformed", "response.empty", "response.status"},
		Links:    []string{rfc(9110, "15.6")},
	})
	// ResponseMalformed: the server's answer lacks what it should hold.
	ResponseMalformed = declare(Kind{
		ID: "response.malformed", Title: "The server's answer is badly formed", Area: AreaNetwork, Category: Server,
		What:  "The answer is JSON, but not of the shape that the client needs.",
		Why:   "Client and server have different versions, or another service answered.",
		Sign:  "The answer parses as JSON. If it does not, see response.not_json.",
		Do:    "Record the answer and compare the versions of both sides.",
		User:  "The service gave an unexpected answer. Please try again later.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpInit}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"response.not_json", "response.empty"},
		Links: []string{rfc(8259, "2")},
	})
	// ResponseNotJSON: the server's answer is not JSON.
	ResponseNotJSON = declare(Kind{
		ID: "response.not_json", Title: "The server's answer is not JSON", Area: AreaNetwork, Category: Server,
		What:  "The client asked for JSON and got something else.",
		Why:   "A login page of a network, an error page of a proxy, or a wrong address that serves a website.",
		Sign:  "The body begins with `<`.",
		Do:    "Open the address in a browser on the same network and see who answers.",
		User:  "The service could not be reached properly. If you are on a guest network, sign in to it first.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpInit}, FixedBy: []Party{ByOperator, ByUser},
		CausedBy: []string{"server.bad_gateway"}, See: []string{"response.malformed", "response.cross_origin"},
		Links: []string{rfc(8259, "2")},
	})
	// ResponseEmpty: the server's answer is empty.
	ResponseEmpty = declare(Kind{
		ID: "response.empty", Title: "The server's answer is empty", Area: AreaNetwork, Category: Server,
		What:  "The server answered with success and no body, where a body is needed.",
		Why:   "A proxy stripped the body, or the server crashed while writing it.",
		Sign:  "A success status with a content length of zero.",
		Do:    "Ask the server without the proxy. If that answers fully, correct the proxy.",
		User:  "The service gave an unexpected answer. Please try again later.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpInit}, FixedBy: []Party{ByOperator},
		See:   []string{"response.malformed"},
		Links: []string{rfc(9110, "15.3.1"), rfc(9110, "15.3.5")},
	})
	// ResponseStatus: the HTTP status was not expected.
	ResponseStatus = declare(Kind{
		ID: "response.status", Title: "The HTTP status was not expected", Area: AreaNetwork, Category: Server,
		What:  "The server or something before it answered with a status that the client has no meaning for.",
		Why:   "A proxy, a firewall page or a redirect answered in the server's place.",
		Sign:  "The body is not an error document of this server.",
		Do:    "Record status and body. They usually name the product that answered.",
		User:  "The service gave an unexpected answer. Please try again later.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpConnect, OpInit}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.bad_gateway"}, See: []string{"response.not_json"},
		Links: []string{rfc(9110, "15")},
	})
	// ResponseCrossOrigin: the browser hid the answer from the page.
	ResponseCrossOrigin = declare(Kind{
		ID: "response.cross_origin", Title: "The browser hid the answer from the page", Area: AreaNetwork, Category: Server,
		What:  "The answer came from another origin and lacks the headers that let the page read it.",
		Why:   "The server does not allow the page's origin, a proxy answers errors without those headers, or the preflight was refused.",
		Sign:  "The browser's console has a CORS message. The page itself cannot tell this from a network failure.",
		Do:    "Send Access-Control-Allow-Origin with every answer, errors included, and answer the preflight for the headers that are used.",
		User:  "The service could not be reached from this page. Please contact the makers of the app.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect, OpInit}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"endpoint.unreachable", "response.not_json"},
		Links: []string{"https://fetch.spec.whatwg.org/#http-cors-protocol"},
	})
	// ReportFailed: the report could not be delivered.
	ReportFailed = declare(Kind{
		ID: "report.failed", Title: "The report could not be delivered", Area: AreaNetwork, Category: Connection,
		What:  "The client tried to hand in an error report and could not.",
		Why:   "The same network trouble that the report is about, or a blocker that stops analytics requests.",
		Sign:  "Other requests to the server work, and a content blocker is active; or nothing works at all.",
		Do:    "Keep the report and send it when the network is back.",
		User:  "Your report could not be sent. Please check your connection and try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport}, FixedBy: []Party{ByUser, ByApp},
		CausedBy: []string{"network.offline", "endpoint.unreachable", "server.queue_full"}, See: []string{"server.events_dropped"},
		Links: []string{"https://fetch.spec.whatwg.org/#concept-network-error"},
	})
)
