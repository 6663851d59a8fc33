// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What lies behind failures of connections, as a diagnosis tells it.
var (
	// MediaBlocked: the client's network lets no media through.
	MediaBlocked = declare(Kind{
		ID: "network.media_blocked", Title: "The client's network lets no media through", Area: AreaNetwork, Category: Connection,
		What:  "Signalling works, and no packet of the client came to any media port of the server.",
		Why:   "A firewall or proxy of a company, school or hotel lets web traffic out and drops everything else.",
		Sign:  "Not one connectivity check of the client arrived on any port, over UDP or TCP, while others got through to the same addresses.",
		Do:    "Offer a TURN server over TLS on port 443. The client's network can also be opened for the media ports, UDP first.",
		User:  "Your network does not let video calls through. Try another network, such as a mobile phone's.",
		Retry: RetryUser, Terminal: true, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		See:   []string{"server.media_blocked", "media.advertised_address", "network.udp_blocked"},
		Links: []string{rfc(8445, "7.2.5"), rfc(8656, "1")},
	})
	// UDPBlocked: the client's network drops UDP.
	UDPBlocked = declare(Kind{
		ID: "network.udp_blocked", Title: "The client's network drops UDP", Area: AreaNetwork, Category: Connection,
		What:  "Packets of the client came over TCP and none, or none any more, over UDP.",
		Why:   "A firewall drops UDP from the start, or a router forgot the flow, and lets TCP through.",
		Sign:  "Checks of the client arrived at the TCP port only. If the call goes on, it goes on over TCP.",
		Do:    "Nothing, if the call goes on: TCP works, and is worse when packets are lost. Open the media port for UDP in the client's network for good quality.",
		User:  "Your network slows the call down. Sound and video may stutter; another network may be better.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		See:   []string{"network.media_blocked", "network.media_lost"},
		Links: []string{rfc(6544, ""), rfc(8445, "7.2.5")},
	})
	// NetworkLost: the client's network carried nothing any more.
	NetworkLost = declare(Kind{
		ID: "network.lost", Title: "The client's network went dead", Area: AreaNetwork, Category: Connection,
		What:  "From one moment on nothing of the client came any more, neither media nor signalling, and nothing sent to it was acknowledged.",
		Why:   "Wi-Fi or mobile data was lost, a cable came loose, or a router on the way restarted.",
		Sign:  "Bytes on the socket stayed unacknowledged by the client's system. A frozen page leaves none, for its system goes on.",
		Do:    "Reconnect when the browser says `online`. Nothing is wrong with the app or the server.",
		User:  "Your internet connection was interrupted. You will be reconnected when it is back.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReconnect, OpPublish, OpSubscribe}, FixedBy: []Party{ByUser},
		CausedBy: []string{"network.offline"}, See: []string{"client.suspended", "path.changed", "network.media_lost"},
		Links: []string{rfc(9293, "3.8.3"), rfc(7675, "5.1")},
	})
	// MediaPathLost: the path of the media died, the socket lives.
	MediaPathLost = declare(Kind{
		ID: "network.media_lost", Title: "The path of the media went dead", Area: AreaNetwork, Category: Connection,
		What:  "Media had passed and then no packet of the client came any more, while its signalling socket went on.",
		Why:   "A firewall or router on the way closed the flow of media packets, or a VPN came up that does not carry them.",
		Sign:  "The last media packet is older than the last frame on the socket by many seconds, and the client's address is the same.",
		Do:    "Let ICE restart. If it happens after the same time again and again, look for a firewall that ends flows of UDP.",
		User:  "Sound and video were interrupted. Trying to restore them.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		See:   []string{"network.lost", "path.changed", "network.udp_blocked"},
		Links: []string{rfc(7675, "5.1"), rfc(4787, "4.3")},
	})
	// PathChanged: the client's address changed.
	PathChanged = declare(Kind{
		ID: "path.changed", Title: "The client changed its network", Area: AreaNetwork, Category: Connection,
		What:  "The client came back from another address than before; what ran over the old one ended.",
		Why:   "A phone moved from Wi-Fi to mobile data, a VPN came up or went down, or a provider gave the line a new address.",
		Sign:  "The socket before and the one after came from different addresses.",
		Do:    "Restart ICE when the browser's network changes, and reconnect at once rather than after a silence.",
		User:  "Your network changed during the call. You were reconnected over the new one.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpReconnect, OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"network.lost", "network.media_lost"},
		Links: []string{rfc(8445, "9"), rfc(7675, "5.1")},
	})
	// ClientVanished: the client ended without a word.
	ClientVanished = declare(Kind{
		ID: "client.vanished", Title: "The client ended without saying so", Area: AreaClient, Category: Connection,
		What:  "The client's system closed the connection without a close frame, and the client did not come back.",
		Why:   "The browser or app was killed, it crashed, or the page was closed in a way that gave it no time to say goodbye.",
		Sign:  "The stream ended from the client's side at once, with media up to the same second, and no socket came after it.",
		Do:    "Nothing for one person. If many of one browser version end like this, look for a crash.",
		User:  "The app was closed or stopped working. Please join again.",
		Retry: RetryUser, Terminal: true, Ops: []Op{OpLeave, OpReconnect}, FixedBy: []Party{ByUser, ByVendor},
		See:   []string{"network.lost", "client.page_closed", "client.suspended"},
		Links: []string{rfc(6455, "7.1.5")},
	})
	// DTLSDatagramsLost: large datagrams of the handshake are lost.
	DTLSDatagramsLost = declare(Kind{
		ID: "dtls.datagrams_lost", Title: "Large packets of the handshake are lost", Area: AreaTransport, Category: Connection,
		What:  "Connectivity checks pass, and of the handshake that follows only small datagrams arrive, or none.",
		Why:   "A VPN, a tunnel or a mobile network on the way carries smaller packets than it says and drops the larger ones in silence.",
		Sign:  "Checks go both ways while the client's first flight, in datagrams of 1200 bytes and more, does not arrive.",
		Do:    "Let the call go on over TCP, which cuts packets to size. Lower the MTU of the tunnel's interface to what it carries.",
		User:  "Your network drops part of the call's data. Switch your VPN off or try another network.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		See:   []string{"dtls.one_way", "dtls.fingerprint"},
		Links: []string{rfc(9147, "4.4"), rfc(8900, "")},
	})
	// DTLSOneWay: the handshake passes in one direction only.
	DTLSOneWay = declare(Kind{
		ID: "dtls.one_way", Title: "The handshake passes in one direction only", Area: AreaTransport, Category: Connection,
		What:  "The client's part of the handshake arrives and is repeated: the server's answers to it do not reach the client.",
		Why:   "A firewall or a wrong route lets packets of one direction through, or answers leave from another address than the client sends to.",
		Sign:  "Complete flights of the client come again and again, and the server has answered each.",
		Do:    "Compare the address that packets leave from with the one that they came to, and look for a firewall with rules for one direction.",
		User:  "A secure connection for sound and video could not be made. Try another network.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByUser},
		See:   []string{"dtls.datagrams_lost", "dtls.fingerprint"},
		Links: []string{rfc(9147, "5.8.1")},
	})
	// CutByProxy: a proxy ends sockets after a fixed time.
	CutByProxy = declare(Kind{
		ID: "signal.cut_by_proxy", Title: "A proxy ends the socket after a fixed time", Area: AreaSignal, Category: Connection,
		What:  "The signalling socket was ended from outside, and so were others, at the same age or after the same silence.",
		Why:   "A proxy or load balancer in front of the server has a time limit for connections, or for such as are idle.",
		Sign:  "The ages at which sockets end lie within 1 second of each other. The proxy ends the stream without a close frame, while media goes on.",
		Do:    "Raise the proxy's limits for connections that were upgraded, such as `proxy_read_timeout`, to an hour or more.",
		User:  "The connection was interrupted and restored. Nothing is wrong with your network.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpReconnect}, FixedBy: []Party{ByOperator},
		See:   []string{"network.lost", "signal.silent"},
		Links: []string{rfc(6455, "7.1.5"), "https://nginx.org/en/docs/http/websocket.html"},
	})
	// NameUnresolved: the server's name is not resolved.
	NameUnresolved = declare(Kind{
		ID: "endpoint.name_unresolved", Title: "The server's name cannot be resolved", Area: AreaNetwork, Category: Connection,
		What:  "The client found no address for the server's host name, so no request left it.",
		Why:   "The name is mistyped or not registered, or the resolver of the client's network does not answer.",
		Sign:  "The request fails before anything reaches the server, with the browser's error for names, and other names may work.",
		Do:    "Resolve the name with another tool from the same network. Correct its record, or the resolver of the network.",
		User:  "The address of the service could not be found. Check your internet connection or try another network.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpReconnect}, FixedBy: []Party{ByOperator, ByUser},
		CausedBy: []string{"network.offline"}, See: []string{"endpoint.refused", "endpoint.wrong_path"},
		Links: []string{rfc(1035, "4.1.1"), "https://fetch.spec.whatwg.org/#concept-network-error"},
	})
	// EndpointRefused: nothing listens at the server's address.
	EndpointRefused = declare(Kind{
		ID: "endpoint.refused", Title: "Nothing listens at the server's address", Area: AreaNetwork, Category: Connection,
		What:  "The client's connection was refused: the host is there, and nothing takes connections on that port.",
		Why:   "The server or the proxy in front of it is not running, or the port is wrong.",
		Sign:  "The refusal comes at once, well below 1 second, and nothing reaches the server.",
		Do:    "Start what should listen there, or correct the port in the address.",
		User:  "The service is not available at the moment. Please try again later.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect, OpReconnect}, FixedBy: []Party{ByOperator},
		See:   []string{"endpoint.name_unresolved", "endpoint.wrong_path", "server.restarted"},
		Links: []string{rfc(9293, "3.5.2"), "https://fetch.spec.whatwg.org/#concept-network-error"},
	})
	// EndpointWrongPath: a proxy passes requests on under another path.
	EndpointWrongPath = declare(Kind{
		ID: "endpoint.wrong_path", Title: "Requests arrive under another path", Area: AreaNetwork, Category: Connection,
		What:  "A request of the client reached the server under a path that is not the one it was made for.",
		Why:   "A proxy in front of the server adds or removes a path prefix, or the address in the app has one too many.",
		Sign:  "The server got a request for a known route behind a prefix that it does not have.",
		Do:    "Correct the rule of the proxy so that paths arrive unchanged, or the address in the app.",
		User:  "The service is not set up correctly at the moment. Please try again later.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpInit, OpConnect}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"endpoint.name_unresolved", "endpoint.refused", "request.route_unknown"},
		Links: []string{rfc(9110, "7.6.3"), rfc(3986, "3.3")},
	})
)
