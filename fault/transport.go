// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// The path of the media: ICE, DTLS, SCTP.
var (
	// ICEFailed: the media connection failed.
	ICEFailed = declare(Kind{
		ID: "ice.failed", Title: "The media connection failed", Area: AreaTransport, Category: Connection,
		What:  "Every way to carry media between client and server was tried, or the one in use went dead, and none works.",
		Why:   "A firewall drops UDP and the TCP port too, the server advertises an address it cannot be reached at, no relay is usable, or the network changed under the call.",
		Sign:  "Signalling works. If no connectivity check arrived at the server on any port, the client's network or the server's address is to blame; if all users fail, it is the server's.",
		Do:    "Look at the candidates on both sides and at the ports that got packets. Open the media port for UDP and TCP, correct the advertised address, or offer TURN over TLS.",
		User:  "Sound and video cannot get through. Check your internet connection, or try another network.",
		Retry: RetryBackoff, Terminal: true, Ops: []Op{OpPublish, OpSubscribe, OpReconnect}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{
			"ice.disconnected", "media.advertised_address", "turn.unreachable", "turn.unauthorized", "turn.capacity",
			"ice.no_candidates", "network.offline", "browser.webrtc_missing", "network.media_blocked", "server.media_blocked",
			"network.lost", "network.media_lost", "path.changed", "client.vanished", "client.suspended",
			"network.udp_blocked", "server.stalled", "server.restarted",
		},
		See:   []string{"dtls.failed"},
		Links: []string{w3c("webrtc", "dom-rtcicetransportstate-failed"), rfc(8445, "8.3"), rfc(8863, "")},
	})
	// ICEDisconnected: the media connection was interrupted.
	ICEDisconnected = declare(Kind{
		ID: "ice.disconnected", Title: "The media connection was interrupted", Area: AreaTransport, Category: Connection,
		What:  "Packets stopped coming through on a path that had worked or was being set up.",
		Why:   "A short loss of signal, a change of network, a device that went to sleep, or the beginning of a failure.",
		Sign:  "It is reported some seconds after the last packet. If it does not recover, ice.failed follows.",
		Do:    "Show that the call is reconnecting and wait. ICE restarts by itself.",
		User:  "Your connection is unstable. Trying to restore sound and video.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe, OpReconnect}, FixedBy: []Party{ByUser},
		CausedBy: []string{
			"network.offline", "client.suspended", "network.lost", "network.media_lost", "path.changed",
			"client.vanished", "network.udp_blocked", "server.stalled", "server.restarted",
		}, See: []string{"ice.failed"},
		Links: []string{w3c("webrtc", "dom-rtcicetransportstate-disconnected"), rfc(7675, "5.1"), rfc(8445, "9")},
	})
	// ICESlow: the media connection is not up in time.
	ICESlow = declare(Kind{
		ID: "ice.slow", Title: "The media connection is not coming up", Area: AreaTransport, Category: Connection,
		What:  "Eight seconds after both sides had agreed on it, no media can pass; both go on trying.",
		Why:   "A firewall drops the packets, the server advertises an address it cannot be reached at, the handshake's packets are lost, or the network is very slow.",
		Sign:  "Signalling works and the client may call itself connected. The evidence tells whether a check of the client ever arrived and how far the handshake came.",
		Do:    "Show that sound and video do not come through yet. If it does not come up, ice.failed or dtls.failed follows; do what these say.",
		User:  "Sound and video are not coming through yet. Still trying; another network may help.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{
			"media.advertised_address", "turn.unreachable", "ice.no_candidates", "network.offline", "network.media_blocked",
			"server.media_blocked", "dtls.datagrams_lost", "dtls.one_way", "server.stalled",
		},
		See:   []string{"ice.failed", "dtls.failed"},
		Links: []string{rfc(8445, "8.3"), rfc(8863, "")},
	})
	// ICENoCandidates: there is no address to try.
	ICENoCandidates = declare(Kind{
		ID: "ice.no_candidates", Title: "One side offered no usable address", Area: AreaTransport, Category: Connection,
		What:  "Gathering ended without a candidate that the other side could try.",
		Why:   "A browser setting or extension that hides all addresses, relay-only policy without a working relay, or only names that the other side cannot resolve.",
		Sign:  "The session description holds no candidate lines, or only ones ending in .local.",
		Do:    "Offer a TURN server, and check the client's policy for ICE transports.",
		User:  "Something on your device blocks video calls. Try without browser extensions or a VPN.",
		Retry: RetryUser, Terminal: true, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{"turn.unreachable", "turn.unauthorized"}, See: []string{"ice.failed", "browser.webrtc_missing"},
		Links: []string{rfc(8445, "5.1.1"), rfc(8828, "5.2")},
	})
	// ICEServerInvalid: the address of a STUN or TURN server is not valid.
	ICEServerInvalid = declare(Kind{
		ID: "ice.server_invalid", Title: "The address of a STUN or TURN server is not valid", Area: AreaTransport, Category: API,
		What:  "The list of ICE servers holds an address or credentials that cannot be used.",
		Why:   "A wrong scheme, a path or blanks in the address, or a TURN server without user name and credential.",
		Sign:  "Creating the peer connection fails at once, before any network traffic.",
		Do:    "Write `stun:host:port` or `turn:host:port?transport=tcp`, and give both user name and credential for TURN.",
		User:  "The app is not set up correctly. Please contact its makers.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpConnect, OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"endpoint.invalid", "peerconnection.create"},
		Links: []string{rfc(7064, "3.1"), rfc(7065, "3.1"), w3c("webrtc", "dom-rtciceserver-urls")},
	})
	// CandidateInvalid: an ICE candidate is not valid.
	CandidateInvalid = declare(Kind{
		ID: "ice.candidate_invalid", Title: "An ICE candidate is not valid", Area: AreaTransport, Category: Media, Status: 400,
		What:  "A candidate that was passed along cannot be read, or belongs to a description that is gone.",
		Why:   "The text was changed on its way, or a candidate of an earlier ICE generation came late.",
		Sign:  "The refusal quotes the kind of candidate. Others of the same client are accepted.",
		Do:    "Pass candidates on exactly as the browser gives them, and drop those of an earlier generation.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"ice.candidate_limit", "sdp.invalid"},
		Links: []string{rfc(8839, "5.1"), w3c("webrtc", "dom-rtcpeerconnection-addicecandidate")},
	})
	// CandidateLimit: too many ICE candidates.
	CandidateLimit = declare(Kind{
		ID: "ice.candidate_limit", Title: "Too many ICE candidates", Area: AreaTransport, Category: Media, Status: 400,
		What:  "One peer sent more candidates than are kept for it.",
		Why:   "A device with very many addresses, candidates sent before there is a description to use them with, or an attack.",
		Sign:  "The refusal states the limit. The candidates before it are kept and tried.",
		Do:    "Send candidates once each and only after the offer. Disable network interfaces that are not needed.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"ice.candidate_invalid"},
		Links: []string{rfc(8445, "6.1.2.5"), rfc(8445, "19.5.1")},
	})
	// ICERoleConflict: both sides believed they control ICE.
	ICERoleConflict = declare(Kind{
		ID: "ice.role_conflict", Title: "Both sides claimed the same ICE role", Area: AreaTransport, Category: Connection,
		What:  "Client and server both took the controlling or both the controlled role; the check was answered with code 487.",
		Why:   "Unusual signalling order. The protocol resolves it by itself.",
		Sign:  "It shows up in a packet capture and clears within one round trip.",
		Do:    "Nothing. If it repeats without end, one of the ICE implementations is broken.",
		User:  "Connecting is taking a little longer.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByVendor},
		See:   []string{"ice.failed"},
		Links: []string{rfc(8445, "7.3.1.1"), rfc(8445, "7.2.5.1")},
	})
	// DTLSFailed: the media connection could not be secured.
	DTLSFailed = declare(Kind{
		ID: "dtls.failed", Title: "The media connection could not be secured", Area: AreaTransport, Category: Connection,
		What:  "A path for media exists, but the handshake that agrees on its keys failed or never ended.",
		Why:   "Large handshake packets are lost on the way, one direction does not work, or the two sides share no algorithm.",
		Sign:  "ICE is connected. The same packets are sent again and again, often the largest ones.",
		Do:    "Look for a small MTU (VPN, tunnel) and lower the packet size. Check both sides for the versions of DTLS they accept.",
		User:  "A secure connection for sound and video could not be made. Try another network.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{"dtls.fingerprint", "dtls.datagrams_lost", "dtls.one_way"}, See: []string{"ice.failed"},
		Links: []string{w3c("webrtc", "dom-rtcerrordetailtype-dtls-failure"), rfc(8827, "6.5"), rfc(9147, "5")},
	})
	// DTLSFingerprint: the certificate is not the announced one.
	DTLSFingerprint = declare(Kind{
		ID: "dtls.fingerprint", Title: "The media certificate is not the announced one", Area: AreaTransport, Category: Connection,
		What:  "The certificate shown in the media handshake does not match the fingerprint in the session description.",
		Why:   "Descriptions of two connections were mixed up, something between the two sides answered, or a description was changed.",
		Sign:  "It fails at once and every time, without any lost packets.",
		Do:    "Pass descriptions unchanged and to the right connection. Treat a mismatch that nobody can explain as an attack.",
		User:  "A secure connection for sound and video could not be made.",
		Retry: RetrySame, Terminal: true, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByApp, ByVendor},
		See:   []string{"dtls.failed"},
		Links: []string{w3c("webrtc", "dom-rtcerrordetailtype-fingerprint-failure"), rfc(8122, "6.2"), rfc(8842, "5.1")},
	})
	// SCTPFailed: the data connection failed.
	SCTPFailed = declare(Kind{
		ID: "sctp.failed", Title: "The data connection failed", Area: AreaTransport, Category: Connection,
		What:  "The association that carries data channels was refused or aborted.",
		Why:   "One side restarted, ran out of memory for messages, or got a message larger than it takes.",
		Sign:  "Media may go on; all data channels close together. The error carries the SCTP cause code.",
		Do:    "Reconnect the peer connection, and keep messages below the negotiated maximum size.",
		User:  "Part of the connection was lost. Trying to restore it.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe, OpPublish}, FixedBy: []Party{ByApp, ByVendor},
		See:   []string{"datachannel.failed"},
		Links: []string{w3c("webrtc", "dom-rtcerrordetailtype-sctp-failure"), rfc(9260, "3.3.10"), rfc(8831, "6.2")},
	})
	// DataChannelFailed: a data channel broke.
	DataChannelFailed = declare(Kind{
		ID: "datachannel.failed", Title: "A data channel broke", Area: AreaTransport, Category: Connection,
		What:  "One data channel was closed by an error while its connection lives on.",
		Why:   "Its buffer overflowed, a message was too large, or the other side closed it.",
		Sign:  "Other channels of the same connection work. If all fail, see sctp.failed.",
		Do:    "Open the channel again, watch `bufferedAmount`, and split large messages.",
		User:  "Part of the connection was lost. Trying to restore it.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe, OpMessage}, FixedBy: []Party{ByApp},
		CausedBy: []string{"sctp.failed"}, See: []string{"datachannel.message_invalid"},
		Links: []string{w3c("webrtc", "dom-rtcerrordetailtype-data-channel-failure"), rfc(8831, "6.7")},
	})
	// DataChannelMessage: a data channel message cannot be understood.
	DataChannelMessage = declare(Kind{
		ID: "datachannel.message_invalid", Title: "A data channel message cannot be understood", Area: AreaTransport, Category: API, Status: 400,
		What:  "A message on the control data channel is not JSON of the expected shape, or asks for something that does not exist.",
		Why:   "A client of another version, or an app that uses the channel for its own data.",
		Sign:  "The channel stays open and later messages work.",
		Do:    "Leave the control channel to the client library and open another one for your own data.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"signal.frame_invalid"},
		Links: []string{rfc(8831, "6.6"), jsonRPCErrors},
	})
	// PeerConnectionCreate: the peer connection could not be made.
	PeerConnectionCreate = declare(Kind{
		ID: "peerconnection.create", Title: "The peer connection could not be made", Area: AreaTransport, Category: Media,
		What:  "The client could not create the object that carries media to or from the server.",
		Why:   "Wrong ICE servers, too many peer connections in one page, or WebRTC switched off in the browser.",
		Sign:  "It fails before any offer is made.",
		Do:    "Check the list of ICE servers, close peer connections that are not used, and try again.",
		User:  "Your browser could not start the video connection. Please reload the page.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe, OpJoin}, FixedBy: []Party{ByApp, ByUser},
		CausedBy: []string{"ice.server_invalid", "browser.webrtc_missing"},
		Links:    []string{w3c("webrtc", "dom-rtcpeerconnection-constructor")},
	})
)
