// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What STUN and TURN servers answer. The codes are those of RFC 8489 section
// 14.8, RFC 8656 section 19 and their relatives; a browser shows them in the
// errorCode of an icecandidateerror event.
var (
	// TURNUnreachable: the STUN or TURN server does not answer.
	TURNUnreachable = declare(Kind{
		ID: "turn.unreachable", Title: "The STUN or TURN server does not answer", Area: AreaTransport, Category: Connection,
		What:  "No answer came from the server that was to tell or relay the client's address.",
		Why:   "A firewall blocks the port, the server is down, its name does not resolve, or its certificate is not trusted.",
		Sign:  "Code 701 and no STUN code. A server that answers with an error has a fault of its own.",
		Do:    "Test the address from the same network. Offer TURN over TCP and TLS on port 443 as well.",
		User:  "Your network blocks part of the connection. Try another network if sound or video are missing.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByUser},
		CausedBy: []string{"network.offline", "tls.failed"}, See: []string{"ice.failed"},
		Links: []string{w3c("webrtc", "dom-rtcpeerconnectioniceerrorevent-errorcode"), rfc(8445, "5.1.1.2")},
	})
	// TURNTryAlternate: the server asks to use another one.
	TURNTryAlternate = declare(Kind{
		ID: "turn.try_alternate", Title: "The relay asks to use another one", Area: AreaTransport, Category: Connection,
		What:  "The server redirected the client to an alternate server.",
		Why:   "Load is being spread, or the server is being taken out of service.",
		Sign:  "Code 300 with an ALTERNATE-SERVER attribute. Clients follow it by themselves.",
		Do:    "Nothing, unless the alternate server is unreachable.",
		User:  "Connecting is taking a little longer.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.capacity"},
		Links: []string{rfc(8489, "14.8"), rfc(8489, "10")},
	})
	// STUNBadRequest: the STUN request was malformed.
	STUNBadRequest = declare(Kind{
		ID: "stun.bad_request", Title: "The STUN request was malformed", Area: AreaTransport, Category: Connection,
		What:  "The server could not make sense of the request.",
		Why:   "A broken client, a middlebox that rewrites packets, or a missing message integrity.",
		Sign:  "Code 400 for every request of this client.",
		Do:    "Update the client, and look for a firewall that rewrites UDP.",
		User:  "Your network disturbs the connection. Try another network.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByVendor, ByUser},
		See:   []string{"stun.unknown_attribute"},
		Links: []string{rfc(8489, "14.8")},
	})
	// TURNUnauthorized: the relay refused the credentials.
	TURNUnauthorized = declare(Kind{
		ID: "turn.unauthorized", Title: "The relay refused the credentials", Area: AreaTransport, Category: Permission,
		What:  "The user name or credential for the TURN server was missing or not accepted.",
		Why:   "Time-limited credentials ran out, the shared secret differs between server and relay, or their clocks do.",
		Sign:  "Code 401 after the client had sent credentials. The first 401 of an exchange is normal: it carries the challenge.",
		Do:    "Compare the shared secret and the clocks, and give credentials a lifetime longer than a call's set-up.",
		User:  "Part of the connection could not be set up. Please join again.",
		Retry: RetryNewToken, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"server.clock"}, See: []string{"turn.wrong_credentials", "turn.stale_nonce"},
		Links: []string{rfc(8489, "14.8"), rfc(8489, "9.2.4"), rfc(8656, "7.2")},
	})
	// TURNForbidden: the relay does not allow this.
	TURNForbidden = declare(Kind{
		ID: "turn.forbidden", Title: "The relay forbids this address or user", Area: AreaTransport, Category: Permission,
		What:  "The request was understood and authenticated, but a rule of the relay forbids it.",
		Why:   "Relays commonly deny private and loopback addresses as destinations, and the media server advertised one.",
		Sign:  "Code 403, usually when a permission or channel for one peer address is created.",
		Do:    "Advertise a public media address, or allow the media server's address in the relay's rules.",
		User:  "Part of the connection could not be set up. Try another network.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		CausedBy: []string{"media.advertised_address"}, See: []string{"turn.unauthorized"},
		Links: []string{rfc(8656, "19"), rfc(8656, "21.1.1")},
	})
	// TURNMobilityForbidden: the relay does not move allocations.
	TURNMobilityForbidden = declare(Kind{
		ID: "turn.mobility_forbidden", Title: "The relay does not move allocations", Area: AreaTransport, Category: Connection,
		What:  "The client asked to keep its allocation when its address changes, and the relay does not do that.",
		Why:   "Mobility is switched off on the relay.",
		Sign:  "Code 405 to an allocation that asked for mobility.",
		Do:    "Nothing: clients allocate anew after a change of network.",
		User:  "Connecting is taking a little longer.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.allocation_mismatch"},
		Links: []string{rfc(8016, "3.1.2")},
	})
	// STUNUnknownAttribute: the server does not know an attribute it must understand.
	STUNUnknownAttribute = declare(Kind{
		ID: "stun.unknown_attribute", Title: "The STUN server does not know a required attribute", Area: AreaTransport, Category: Connection,
		What:  "The request holds an attribute that the server must understand and does not.",
		Why:   "The client is newer than the server, or asked for an option that it lacks.",
		Sign:  "Code 420 with the list of unknown attributes.",
		Do:    "Update the server. Clients normally repeat the request without the attribute.",
		User:  "Connecting is taking a little longer.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"stun.bad_request"},
		Links: []string{rfc(8489, "14.8"), rfc(8489, "14.13")},
	})
	// TURNAllocationMismatch: there is no such allocation, or there is one already.
	TURNAllocationMismatch = declare(Kind{
		ID: "turn.allocation_mismatch", Title: "The relay's allocation does not match", Area: AreaTransport, Category: Connection,
		What:  "The client used an allocation that the relay does not have, or asked for one where it has one.",
		Why:   "The relay restarted, the allocation ran out while the device slept, or an address was reused.",
		Sign:  "Code 437, mostly after a pause or a restart of the relay.",
		Do:    "Restart ICE: the client then allocates from a new port.",
		User:  "Your connection is being restored.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"ice.disconnected"},
		Links: []string{rfc(8656, "19"), rfc(8656, "7.2")},
	})
	// TURNStaleNonce: the relay's challenge has run out.
	TURNStaleNonce = declare(Kind{
		ID: "turn.stale_nonce", Title: "The relay's challenge has run out", Area: AreaTransport, Category: Connection,
		What:  "The nonce in the request is too old; the answer carries a new one.",
		Why:   "This is the relay's normal way to limit the life of a challenge.",
		Sign:  "Code 438 once in a while, followed by success with the new nonce.",
		Do:    "Nothing. If it repeats without end, a proxy spreads one client over several relays.",
		User:  "Connecting is taking a little longer.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.unauthorized"},
		Links: []string{rfc(8489, "14.8"), rfc(8489, "9.2.4")},
	})
	// TURNFamilyUnsupported: the relay does not offer this address family.
	TURNFamilyUnsupported = declare(Kind{
		ID: "turn.family_unsupported", Title: "The relay does not offer this address family", Area: AreaTransport, Category: Connection,
		What:  "The client asked for a relayed IPv6 or IPv4 address that the relay cannot give.",
		Why:   "The relay has no addresses of that family.",
		Sign:  "Code 440; an allocation of the other family succeeds.",
		Do:    "Nothing if the other family works. Otherwise give the relay an address of this family.",
		User:  "Connecting is taking a little longer.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.peer_family"},
		Links: []string{rfc(8656, "19"), rfc(8656, "7.2")},
	})
	// TURNWrongCredentials: the credentials are not those of the allocation.
	TURNWrongCredentials = declare(Kind{
		ID: "turn.wrong_credentials", Title: "The credentials are not those of the allocation", Area: AreaTransport, Category: Permission,
		What:  "A later request used another user name than the one that made the allocation.",
		Why:   "Credentials were replaced in the middle of a connection.",
		Sign:  "Code 441 on a refresh or permission, after the allocation had succeeded.",
		Do:    "Restart ICE when credentials change, so that a new allocation is made.",
		User:  "Your connection is being restored.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"turn.unauthorized"},
		Links: []string{rfc(8656, "19")},
	})
	// TURNTransportUnsupported: the relay does not offer this protocol.
	TURNTransportUnsupported = declare(Kind{
		ID: "turn.transport_unsupported", Title: "The relay does not offer this transport", Area: AreaTransport, Category: Connection,
		What:  "The client asked the relay to use a transport towards the peer that it does not support.",
		Why:   "A client asked for relayed TCP on a relay that does UDP only.",
		Sign:  "Code 442 at allocation.",
		Do:    "Use UDP towards the peer; TCP between client and relay is a different setting.",
		User:  "Part of the connection could not be set up. Try another network.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.family_unsupported"},
		Links: []string{rfc(8656, "19"), rfc(8656, "7.2")},
	})
	// TURNPeerFamily: relay and peer use different address families.
	TURNPeerFamily = declare(Kind{
		ID: "turn.peer_family", Title: "Relay and peer use different address families", Area: AreaTransport, Category: Connection,
		What:  "The client asked to reach an IPv6 peer from an IPv4 relay address, or the reverse.",
		Why:   "The two sides have no address family in common over this relay.",
		Sign:  "Code 443 for a permission or channel.",
		Do:    "Let the media server advertise an address of the relay's family.",
		User:  "Part of the connection could not be set up. Try another network.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.family_unsupported"},
		Links: []string{rfc(8656, "19"), rfc(8656, "10.2")},
	})
	// TURNConnectionExists: the relay has this TCP connection already.
	TURNConnectionExists = declare(Kind{
		ID: "turn.connection_exists", Title: "The relay has this TCP connection already", Area: AreaTransport, Category: Connection,
		What:  "The client asked the relay to connect to a peer to which it is connected.",
		Why:   "The request was repeated.",
		Sign:  "Code 446, with TCP relaying only.",
		Do:    "Use the connection that exists.",
		User:  "Connecting is taking a little longer.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByVendor},
		See:   []string{"turn.connection_failed"},
		Links: []string{rfc(6062, "6.3")},
	})
	// TURNConnectionFailed: the relay could not connect to the peer.
	TURNConnectionFailed = declare(Kind{
		ID: "turn.connection_failed", Title: "The relay could not connect to the peer", Area: AreaTransport, Category: Connection,
		What:  "The relay tried to open a TCP connection to the peer and did not succeed in time.",
		Why:   "A firewall between relay and peer, or a peer that does not listen.",
		Sign:  "Code 447, with TCP relaying only.",
		Do:    "Open the media server's TCP port for the relay.",
		User:  "Part of the connection could not be set up. Try another network.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.connection_exists", "ice.failed"},
		Links: []string{rfc(6062, "6.3")},
	})
	// TURNQuota: the user has too many allocations.
	TURNQuota = declare(Kind{
		ID: "turn.quota", Title: "The user has too many allocations at the relay", Area: AreaTransport, Category: Permission,
		What:  "The relay's quota for this user name is used up.",
		Why:   "Many tabs or peers share one user name, or allocations of lost connections have not run out yet.",
		Sign:  "Code 486; other user names get allocations.",
		Do:    "Give each peer its own user name, or raise the quota.",
		User:  "Too many connections are open. Close other calls and try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByUser},
		See:   []string{"turn.capacity"},
		Links: []string{rfc(8656, "19"), rfc(8656, "7.2")},
	})
	// TURNServerError: the relay failed.
	TURNServerError = declare(Kind{
		ID: "turn.server_error", Title: "The STUN or TURN server failed", Area: AreaTransport, Category: Server,
		What:  "The server answered that it had a temporary error of its own.",
		Why:   "A bug or a lack of resources on that server.",
		Sign:  "Code 500; the relay's log has the reason.",
		Do:    "Try again, and look at the relay's log.",
		User:  "Part of the connection could not be set up. Please try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.capacity"},
		Links: []string{rfc(8489, "14.8")},
	})
	// TURNCapacity: the relay is full.
	TURNCapacity = declare(Kind{
		ID: "turn.capacity", Title: "The relay is full", Area: AreaTransport, Category: Server,
		What:  "The relay cannot make another allocation for anybody.",
		Why:   "All its ports or its bandwidth are in use.",
		Sign:  "Code 508 for every new client.",
		Do:    "Add a relay or widen its port range.",
		User:  "The service is busy. Please try again in a moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator},
		See:   []string{"turn.quota"},
		Links: []string{rfc(8656, "19"), rfc(8656, "7.2")},
	})
)
