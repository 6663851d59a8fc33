// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// Web is the vocabulary of the web platform and of the protocols under it, from
// which every vendor takes its reasons: DOMException names, MediaError codes,
// RTCErrorDetailType, the error codes of ICE candidates with those of STUN and
// TURN, and the close codes of WebSockets.
var Web = newDialect(Dialect{
	Name: "web", Title: "Web platform",
	About:   "Names and codes of the W3C, WHATWG and IETF documents behind WebRTC.",
	aliases: []string{"w3c", "browser", "dom"},
	methods: []Method{
		{mGUM, fault.OpCapture, nil}, {mGDM, fault.OpCapture, nil}, {mPlay, fault.OpPlayback, nil},
		{mMediaError, fault.OpPlayback, nil}, {mPC, fault.OpPublish, []string{"pc"}},
		{mRTCError, fault.OpPublish, []string{"RTCErrorDetailType"}},
		{mICE, fault.OpPublish, []string{"icecandidateerror", "stun", "turn"}},
		{mWS, fault.OpConnect, []string{"ws", "close"}},
	},
	rows: webRows,
	// OperationError is WebIDL's own name for a failure with a reason that only
	// the operation knows.
	base: func(fault.Op, *fault.Kind) (int, string) { return 0, "OperationError" },
})

// The methods and objects whose errors are in the table.
const (
	mGUM        = "getUserMedia"
	mGDM        = "getDisplayMedia"
	mPlay       = "HTMLMediaElement.play"
	mMediaError = "MediaError"
	mPC         = "RTCPeerConnection"
	mRTCError   = "RTCError"
	mICE        = "ICE candidate error"
	mWS         = "WebSocket"
)

func webRows() []row {
	const capture, playback, publish, connect = fault.OpCapture, fault.OpPlayback, fault.OpPublish, fault.OpConnect
	gum := func(k *fault.Kind, name string) row { return in(mGUM, at(capture, say(k, 0, name, doc))) }
	gdm := func(k *fault.Kind, name string) row { return in(mGDM, at(capture, say(k, 0, name, doc))) }
	play := func(k *fault.Kind, name string) row { return in(mPlay, at(playback, say(k, 0, name, doc))) }
	pc := func(k *fault.Kind, name string) row { return in(mPC, at(publish, say(k, 0, name, doc))) }
	detail := func(k *fault.Kind, name string) row { return in(mRTCError, at(publish, say(k, 0, name, doc))) }
	ice := func(k *fault.Kind, code int, name string) row { return in(mICE, at(publish, say(k, code, name, doc))) }
	ws := func(k *fault.Kind, code int, name string) row { return in(mWS, at(connect, say(k, code, name, doc))) }
	return []row{
		gum(fault.CaptureDenied, "NotAllowedError"),
		gum(fault.CaptureSystemDenied, "NotAllowedError"),
		gum(fault.CapturePolicyBlocked, "NotAllowedError"),
		gum(fault.DeviceNotFound, "NotFoundError"),
		also(gum(fault.CaptureSystemDenied, "NotFoundError")), // Firefox
		gum(fault.DeviceInUse, "NotReadableError"),
		gum(fault.DeviceFailed, "NotReadableError"),
		gum(fault.CaptureBrowserFailure, "NotReadableError"),
		gum(fault.CaptureOverconstrained, "OverconstrainedError"),
		gum(fault.CaptureFailed, "AbortError"),
		also(gum(fault.DeviceFailed, "AbortError")),
		also(gum(fault.CapturePolicyBlocked, "SecurityError")), // older drafts
		gum(fault.CaptureNothing, "TypeError"),
		gum(fault.PageInsecure, "TypeError"), // mediaDevices is undefined
		gum(fault.CaptureUnsupported, "NotSupportedError"),
		also(gum(fault.CaptureUnsupported, "TypeError")),
		also(gum(fault.ClientSuspended, "InvalidStateError")), // the document is not fully active
		gum(fault.DeviceLost, "ended"),                        // events of the track
		gum(fault.CaptureNoData, "mute"),

		gdm(fault.ScreenDenied, "NotAllowedError"),
		also(gdm(fault.CaptureSystemDenied, "NotAllowedError")),
		also(gdm(fault.CapturePolicyBlocked, "NotAllowedError")),
		gdm(fault.ScreenGesture, "InvalidStateError"),
		gdm(fault.ScreenSourceMissing, "NotFoundError"),
		also(gdm(fault.CaptureSystemDenied, "NotFoundError")), // Firefox
		gdm(fault.ScreenUnreadable, "NotReadableError"),
		also(gdm(fault.CaptureOverconstrained, "OverconstrainedError")),
		also(gdm(fault.CaptureFailed, "AbortError")),
		gdm(fault.ScreenUnsupported, "TypeError"), // getDisplayMedia is undefined
		also(gdm(fault.CaptureNothing, "TypeError")),

		play(fault.AutoplayBlocked, "NotAllowedError"),
		play(fault.PlaybackAborted, "AbortError"),
		also(play(fault.PlaybackSource, "NotSupportedError")),
		in(mMediaError, at(playback, say(fault.PlaybackAborted, 1, "MEDIA_ERR_ABORTED", doc))),
		in(mMediaError, at(playback, say(fault.PlaybackNetwork, 2, "MEDIA_ERR_NETWORK", doc))),
		in(mMediaError, at(playback, say(fault.PlaybackDecode, 3, "MEDIA_ERR_DECODE", doc))),
		in(mMediaError, at(playback, say(fault.PlaybackSource, 4, "MEDIA_ERR_SRC_NOT_SUPPORTED", doc))),

		pc(fault.ICEServerInvalid, "SyntaxError"),
		also(pc(fault.ICEServerInvalid, "InvalidAccessError")), // TURN without credentials
		pc(fault.PeerConnectionCreate, "UnknownError"),
		pc(fault.SDPSetRemote, "InvalidAccessError"),
		also(pc(fault.SDPSetRemote, "OperationError")),
		also(pc(fault.SDPSetRemote, "InvalidStateError")),
		also(pc(fault.SDPSetLocal, "InvalidStateError")),
		pc(fault.SDPSetLocal, "InvalidModificationError"),
		also(pc(fault.SDPCreateOffer, "InvalidStateError")),
		also(pc(fault.SDPCreateAnswer, "InvalidStateError")),
		pc(fault.SDPCreateOffer, "OperationError"),
		pc(fault.SDPCreateAnswer, "OperationError"),
		also(pc(fault.CandidateInvalid, "OperationError")),
		pc(fault.ICEFailed, "failed"),
		pc(fault.ICEDisconnected, "disconnected"),
		pc(fault.WebRTCMissing, "ReferenceError"),         // RTCPeerConnection is undefined
		say(fault.StorageDenied, 0, "SecurityError", doc), // localStorage

		detail(fault.DataChannelFailed, "data-channel-failure"),
		detail(fault.DTLSFailed, "dtls-failure"),
		detail(fault.DTLSFingerprint, "fingerprint-failure"),
		detail(fault.SCTPFailed, "sctp-failure"),
		detail(fault.SDPInvalid, "sdp-syntax-error"),
		detail(fault.EncoderUnavailable, "hardware-encoder-not-available"),
		detail(fault.EncoderFailed, "hardware-encoder-error"),

		ice(fault.TURNTryAlternate, 300, "Try Alternate"),
		ice(fault.STUNBadRequest, 400, "Bad Request"),
		ice(fault.TURNUnauthorized, 401, "Unauthenticated"),
		ice(fault.TURNForbidden, 403, "Forbidden"),
		ice(fault.TURNMobilityForbidden, 405, "Mobility Forbidden"),
		ice(fault.STUNUnknownAttribute, 420, "Unknown Attribute"),
		ice(fault.TURNAllocationMismatch, 437, "Allocation Mismatch"),
		ice(fault.TURNStaleNonce, 438, "Stale Nonce"),
		ice(fault.TURNFamilyUnsupported, 440, "Address Family not Supported"),
		ice(fault.TURNWrongCredentials, 441, "Wrong Credentials"),
		ice(fault.TURNTransportUnsupported, 442, "Unsupported Transport Protocol"),
		ice(fault.TURNPeerFamily, 443, "Peer Address Family Mismatch"),
		ice(fault.TURNConnectionExists, 446, "Connection Already Exists"),
		ice(fault.TURNConnectionFailed, 447, "Connection Timeout or Failure"),
		ice(fault.TURNQuota, 486, "Allocation Quota Reached"),
		ice(fault.ICERoleConflict, 487, "Role Conflict"),
		ice(fault.TURNServerError, 500, "Server Error"),
		ice(fault.TURNCapacity, 508, "Insufficient Capacity"),
		ice(fault.TURNUnreachable, 701, ""),

		in(mWS, at(fault.OpLeave, say(fault.SignalClosed, 1000, "Normal Closure", doc))),
		in(mWS, at(fault.OpLeave, say(fault.PageClosed, 1001, "Going Away", doc))),
		also(ws(fault.Draining, 1001, "Going Away")),
		ws(fault.SignalProtocol, 1002, "Protocol error"),
		also(ws(fault.SignalProtocol, 1003, "Unsupported Data")),
		also(in(mWS, at(fault.OpLeave, say(fault.SignalClosed, 1005, "No Status Rcvd", doc)))),
		in(mWS, at(fault.OpReconnect, say(fault.SignalLost, 1006, "Abnormal Closure", doc))),
		ws(fault.SignalClosedEarly, 1006, "Abnormal Closure"),
		also(ws(fault.SignalUpgrade, 1006, "Abnormal Closure")),
		also(in(mWS, at(fault.OpReconnect, say(fault.SignalSilent, 1006, "Abnormal Closure", doc)))),
		ws(fault.FrameInvalid, 1007, "Invalid frame payload data"),
		ws(fault.SignalPolicy, 1008, "Policy Violation"),
		ws(fault.FrameTooLarge, 1009, "Message Too Big"),
		ws(fault.SignalExtension, 1010, "Mandatory Ext."),
		in(mWS, say(fault.Internal, 1011, "Internal Error", doc)),
		ws(fault.Draining, 1012, "Service Restart"),
		in(mWS, say(fault.QueueFull, 1013, "Try Again Later", doc)),
		ws(fault.BadGateway, 1014, "Bad Gateway"),
		ws(fault.TLSFailed, 1015, "TLS handshake"),
	}
}
