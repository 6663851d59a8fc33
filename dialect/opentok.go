// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"

	"github.com/redial-rtc/redial/fault"
)

// OpenTok is the vocabulary of OpenTok.js: an OT_ name and a deprecated code
// for each method. The vendor lists names and codes apart; a pairing is marked
// documented where both texts of a method describe the same condition, and
// chosen where we joined them. Names listed without a code carry the code that
// fits them best.
var OpenTok = newDialect(Dialect{
	Name: "opentok", Title: "OpenTok.js",
	About:   "OT_ names and deprecated codes of an OT error, by method.",
	aliases: []string{"ot", "vonage", "tokbox"},
	methods: []Method{
		{"Session.connect()", fault.OpConnect, []string{"connect"}},
		{"Session.publish()", fault.OpPublish, []string{"publish"}},
		{"Session.subscribe()", fault.OpSubscribe, []string{"subscribe"}},
		{"Session.signal()", fault.OpMessage, []string{"signal"}},
		{"Session.forceDisconnect()", fault.OpRemove, []string{"forceDisconnect"}},
		{"Session.forceUnpublish()", fault.OpForceUnpublish, []string{"forceUnpublish"}},
		{"OT.initPublisher()", fault.OpCapture, []string{"initPublisher"}},
		{"OT.reportIssue()", fault.OpReport, []string{"reportIssue"}},
		{"Subscriber.getStats()", fault.OpStats, []string{"getStats"}},
	},
	rows: openTokRows, base: openTokBase, pairs: true,
})

// The names that stand in more than one row.
const (
	otAuth       = "OT_AUTHENTICATION_ERROR"
	otConnect    = "OT_CONNECT_FAILED"
	otCreatePC   = "OT_CREATE_PEER_CONNECTION_FAILED"
	otDenied     = "OT_USER_MEDIA_ACCESS_DENIED"
	otGone       = "OT_STREAM_DESTROYED"
	otHardware   = "OT_HARDWARE_UNAVAILABLE"
	otICE        = "OT_ICE_WORKFLOW_FAILED"
	otNotConn    = "OT_NOT_CONNECTED"
	otNoDevice   = "OT_NO_DEVICES_FOUND"
	otNotSupp    = "OT_NOT_SUPPORTED"
	otParam      = "OT_INVALID_PARAMETER"
	otPermission = "OT_PERMISSION_DENIED"
	otSetRemote  = "OT_SET_REMOTE_DESCRIPTION_FAILED"
	otConstraint = "OT_CONSTRAINTS_NOT_SATISFIED"
	otUnexpected = "OT_UNEXPECTED_SERVER_RESPONSE"
	otXDomain    = "OT_XDOMAIN_OR_PARSING_ERROR"
	otScreenNo   = "OT_SCREEN_SHARING_NOT_SUPPORTED"
	otScreenReg  = "OT_SCREEN_SHARING_EXTENSION_NOT_REGISTERED"
	otScreenInst = "OT_SCREEN_SHARING_EXTENSION_NOT_INSTALLED"
)

func openTokRows() []row {
	return slices.Concat(
		openTokConnect(), openTokPublish(), openTokSubscribe(), openTokSignal(), openTokForce(),
		openTokInitPublisher(), openTokOther(),
	)
}

func openTokConnect() []row {
	const op = fault.OpConnect
	return slices.Concat([]row{
		at(op, say(fault.TokenExpired, 1004, otAuth, byCode, "O001")),
		at(op, say(fault.AccessKeyUnknown, 1004, otAuth, doc, "O001 O045")),
		at(op, say(fault.TokenSignature, 1004, otAuth, doc, "O001 O045")),
		at(op, say(fault.TokenMalformed, 1004, otAuth, byCode, "O001")),
		at(op, say(fault.TokenRoomMismatch, 1004, otAuth, byName, "O045")),
		at(op, say(fault.TokenRefused, 1004, otAuth, own)),
		at(op, say(fault.TokenNotYetValid, 1004, otAuth, own)),
		at(op, say(fault.TokenRevoked, 1004, otAuth, own)),
		at(op, say(fault.TokenClaim, 1004, otAuth, own)),
		at(op, say(fault.TokenKind, 1004, otAuth, own)),
		at(op, say(fault.TokenMissing, 1004, otAuth, own)),
		at(op, say(fault.TokenPayload, 1004, otAuth, own)),
		at(op, say(fault.TokenPayloadJSON, 1004, otAuth, own)),
		at(op, say(fault.TokenAuthID, 1004, otAuth, own)),
		at(op, say(fault.TokenAppID, 1004, otAuth, own)),
		at(op, say(fault.TokenCustomerID, 1004, otAuth, own)),
		at(op, say(fault.TokenUser, 1004, otAuth, own)),
		at(op, say(fault.TokenRole, 1004, otAuth, own)),
		at(op, say(fault.RoomIDInvalid, 1005, "OT_INVALID_SESSION_ID", doc, "O002 O049")),
		at(op, say(fault.RoomNotFound, 1005, "OT_INVALID_SESSION_ID", doc, "O002 O049")),
		at(op, say(fault.TokenRoomUnknown, 1005, "OT_INVALID_SESSION_ID", own)),
		at(op, say(fault.EndpointUnreachable, 1006, otConnect, doc, "O003 O047")),
		at(op, say(fault.SignalUpgrade, 1006, otConnect, doc, "O003 O047")),
		at(op, say(fault.SignalClosedEarly, 1006, otConnect, own)),
		at(op, say(fault.TLSFailed, 1006, otConnect, own)),
		say(fault.SignalLost, 1006, otConnect, own),
		at(op, say(fault.PeerGone, 1006, otConnect, own)),
		at(op, say(fault.NetworkOffline, 1006, otNotConn, byName, "O051")),
		at(op, say(fault.TermsViolation, 1026, "OT_TERMS_OF_SERVICE_FAILURE", doc, "O004 O052")),
		at(op, say(fault.ResponseUnexpected, 2001, otUnexpected, byCode, "O005")),
		at(op, say(fault.ResponseMalformed, 2001, "OT_BADLY_FORMED_RESPONSE", byName, "O046")),
		at(op, say(fault.ResponseEmpty, 2001, "OT_EMPTY_RESPONSE_BODY", byName, "O048")),
		at(op, say(fault.ResponseStatus, 2001, "OT_INVALID_HTTP_STATUS", byName, "O053")),
		at(op, say(fault.ResponseCrossOrigin, 2001, otXDomain, byName, "O054")),
		at(op, say(fault.ResponseNotJSON, 2001, otXDomain, byName, "O054")),
	}, openTokParameters(op, "O050"))
}

// openTokMedia are the failures of capture, which the names' document lists for
// initPublisher and for publish. The code list has only 1500 for them, and that
// for publish.
func openTokMedia(op fault.Op, hardware, none, constraints, unsupported string) []row {
	return []row{
		at(op, say(fault.DeviceInUse, 1500, otHardware, byName, hardware)),
		at(op, say(fault.DeviceFailed, 1500, otHardware, byName, hardware)),
		at(op, say(fault.ScreenUnreadable, 1500, otHardware, own)),
		at(op, say(fault.DeviceNotFound, 1500, otNoDevice, byName, none)),
		at(op, say(fault.CaptureNothing, 1500, "OT_NO_VALID_CONSTRAINTS", byName, constraints)),
		at(op, say(fault.CaptureUnsupported, 1500, otNotSupp, byName, unsupported)),
	}
}

// openTokElement are the failures of a video element.
func openTokElement(op fault.Op, code int, aborted, decode, network, source string) []row {
	return []row{
		at(op, say(fault.PlaybackAborted, code, "OT_MEDIA_ERR_ABORTED", byName, aborted)),
		at(op, say(fault.PlaybackDecode, code, "OT_MEDIA_ERR_DECODE", byName, decode)),
		at(op, say(fault.PlaybackNetwork, code, "OT_MEDIA_ERR_NETWORK", byName, network)),
		at(op, say(fault.PlaybackSource, code, "OT_MEDIA_ERR_SRC_NOT_SUPPORTED", byName, source)),
	}
}

// openTokParameters are the three ways in which a parameter can be wrong.
func openTokParameters(op fault.Op, seed string) []row {
	return []row{
		at(op, say(fault.ArgumentInvalid, 1011, otParam, doc, seed)),
		at(op, say(fault.FieldInvalid, 1011, otParam, doc, seed)),
		at(op, say(fault.FieldMissing, 1011, otParam, doc, seed)),
	}
}

func openTokPublish() []row {
	const op = fault.OpPublish
	return slices.Concat([]row{
		at(op, say(fault.PublishNotAllowed, 1500, otPermission, doc, "O012a O075")),
		at(op, say(fault.CaptureDenied, 1500, otDenied, byCode, "O012b")),
		at(op, say(fault.ScreenDenied, 1500, otDenied, byName, "O082")),
		at(op, say(fault.PageInsecure, 1500, otNotSupp, byCode, "O012c")),
		at(op, say(fault.NotPermitted, 1500, otPermission, own)),
		at(op, say(fault.CaptureSystemDenied, 1500, otDenied, own)),
		at(op, say(fault.CapturePolicyBlocked, 1500, otDenied, own)),
		at(op, say(fault.PublishTimeout, 1500, "OT_TIMEOUT", byName, "O081")),
		at(op, say(fault.StreamRefused, 1500, "OT_STREAM_CREATE_FAILED", byName, "O080")),
		at(op, say(fault.TrackLimit, 1500, "OT_STREAM_CREATE_FAILED", own)),
		at(op, say(fault.StreamingFull, 1500, "OT_STREAM_CREATE_FAILED", own)),
		at(op, say(fault.Overloaded, 1500, "OT_STREAM_CREATE_FAILED", own)),
		at(op, say(fault.ClientNotConnected, 1010, otNotConn, doc, "O011 O073")),
		at(op, say(fault.NetworkOffline, 1010, otNotConn, byName, "O073")),
		at(op, say(fault.NotJoined, 1010, otNotConn, own)),
		at(op, say(fault.ICEFailed, 1553, otICE, doc, "O013 O065")),
		at(op, say(fault.ICEDisconnected, 1553, otICE, own)),
		at(op, say(fault.ICESlow, 1553, otICE, own)),
		at(op, say(fault.DTLSFailed, 1553, otICE, own)),
		at(op, say(fault.ICENoCandidates, 1553, otICE, own)),
		at(op, say(fault.PublisherFailed, 1601, "", doc, "O014")),
		at(op, say(fault.PeerConnectionCreate, 1601, otCreatePC, byName, "O063")),
		at(op, say(fault.SDPCreateOffer, 1601, otCreatePC, own)),
		at(op, say(fault.SDPSetLocal, 1601, otCreatePC, own)),
		at(op, say(fault.ICEServerInvalid, 1601, otCreatePC, own)),
		at(op, say(fault.SDPSetRemote, 1601, otSetRemote, byName, "O079")),
		at(op, say(fault.SDPInvalid, 1601, otSetRemote, own)),
		at(op, say(fault.ResponseUnexpected, 2001, otUnexpected, doc, "O015 O083")),
		at(op, say(fault.CaptureOverconstrained, 1500, otConstraint, byName, "O062")),
		at(op, say(fault.CaptureBrowserFailure, 1500, "OT_CHROME_MICROPHONE_ACQUISITION_ERROR", byName, "O061")),
		at(op, say(fault.CaptureNoData, 1500, "OT_CHROME_MICROPHONE_ACQUISITION_ERROR", own)),
		at(op, say(fault.CaptureFailed, 1500, otHardware, own)),
		at(op, say(fault.ScreenUnsupported, 1550, otScreenNo, byName, "O076")),
		at(op, say(fault.ScreenExtensionUnregistered, 1551, otScreenReg, byName, "O077")),
		at(op, say(fault.ScreenExtensionMissing, 1552, otScreenInst, byName, "O078")),
	},
		openTokMedia(op, "O064", "O071", "O072", "O074"),
		openTokElement(op, 1500, "O067", "O068", "O069", "O070"),
		openTokParameters(op, "O066"),
	)
}

func openTokSubscribe() []row {
	const op = fault.OpSubscribe
	return slices.Concat([]row{
		at(op, say(fault.ICEFailed, 1554, otICE, doc, "O022 O091")),
		at(op, say(fault.ICEDisconnected, 1554, otICE, own)),
		at(op, say(fault.ICESlow, 1554, otICE, own)),
		at(op, say(fault.DTLSFailed, 1554, otICE, own)),
		at(op, say(fault.PeerConnectionCreate, 1013, otCreatePC, paired, "O021 O088")),
		at(op, say(fault.SDPCreateAnswer, 1013, otCreatePC, own)),
		at(op, say(fault.ICEServerInvalid, 1013, otCreatePC, own)),
		at(op, say(fault.NegotiationFailed, 1013, otCreatePC, own)),
		at(op, say(fault.SubscriberFailed, 1600, "", doc, "O023")),
		at(op, say(fault.SDPSetRemote, 1600, otSetRemote, byName, "O097")),
		at(op, say(fault.StreamEnded, 1600, otGone, byName, "O098")),
		at(op, say(fault.SubscribePeerLeft, 1600, otGone, own)),
		at(op, say(fault.NegotiationPeerLeft, 1600, otGone, own)),
		at(op, say(fault.TrackNotFound, 1600, "OT_STREAM_NOT_FOUND", byName, "O099")),
		at(op, say(fault.StreamNotPublished, 1600, "OT_STREAM_NOT_FOUND", own)),
		at(op, say(fault.PeerUnavailable, 1600, otGone, own)),
		at(op, say(fault.NotPermitted, 0, otPermission, own)),
		at(op, say(fault.ResponseUnexpected, 2001, otUnexpected, byCode, "O024")),
		at(op, say(fault.ClientNotConnected, 1010, "OT_DISCONNECTED", byName, "O089")),
		also(at(op, say(fault.ClientNotConnected, 1010, otNotConn, byName, "O096"))),
		at(op, say(fault.NetworkOffline, 1010, otNotConn, byName, "O096")),
	},
		openTokElement(op, 1600, "O092", "O093", "O094", "O095"),
		openTokParameters(op, "O090"),
	)
}

func openTokSignal() []row {
	const op = fault.OpMessage
	return []row{
		at(op, say(fault.ArgumentInvalid, 400, otParam, doc, "O016 O084")),
		at(op, say(fault.FieldInvalid, 400, otParam, doc, "O016 O084")),
		at(op, say(fault.FieldMissing, 400, otParam, byName, "O084")),
		at(op, say(fault.MessageNotJSON, 400, otParam, byCode, "O016")),
		at(op, say(fault.PeerNotFound, 404, "OT_NOT_FOUND", doc, "O017 O086")),
		at(op, say(fault.PeerGone, 404, "OT_NOT_FOUND", own)),
		at(op, say(fault.MessageTooLarge, 413, otParam, byCode, "O018")),
		at(op, say(fault.MessageTypeTooLarge, 413, otParam, byCode, "O018")),
		at(op, say(fault.ClientNotConnected, 500, otNotConn, doc, "O019 O085")),
		at(op, say(fault.NetworkOffline, 500, otNotConn, byName, "O085")),
		at(op, say(fault.NotJoined, 500, otNotConn, own)),
		at(op, say(fault.RateLimited, 429, "OT_RATE_LIMIT_EXCEEDED", byName, "O087")),
		at(op, say(fault.NotPermitted, 0, otPermission, own)),
		at(op, say(fault.ResponseUnexpected, 2001, otUnexpected, byCode, "O020")),
	}
}

func openTokForce() []row {
	const disconnect, unpublish = fault.OpRemove, fault.OpForceUnpublish
	return slices.Concat([]row{
		at(disconnect, say(fault.ClientNotConnected, 1010, otNotConn, doc, "O006 O056")),
		at(disconnect, say(fault.NetworkOffline, 1010, otNotConn, byName, "O056")),
		at(disconnect, say(fault.NotPermitted, 1520, otPermission, doc, "O007 O057")),
		at(disconnect, say(fault.PeerNotFound, 1011, otParam, own)),
	}, openTokParameters(disconnect, "O055"), []row{
		at(unpublish, say(fault.ClientNotConnected, 1010, otNotConn, doc, "O008 O059")),
		at(unpublish, say(fault.NetworkOffline, 1010, otNotConn, byName, "O059")),
		at(unpublish, say(fault.NotPermitted, 1530, otPermission, doc, "O009 O060")),
		at(unpublish, say(fault.TrackNotFound, 1535, otParam, byCode, "O010")),
		at(unpublish, say(fault.StreamEnded, 1535, otParam, byCode, "O010")),
		at(unpublish, say(fault.StreamNotPublished, 1535, otParam, own)),
	}, openTokParameters(unpublish, "O058"))
}

func openTokInitPublisher() []row {
	const op = fault.OpCapture
	return slices.Concat([]row{
		at(op, say(fault.CaptureDenied, 1500, otDenied, own)),
		at(op, say(fault.ScreenDenied, 1500, otDenied, own)),
		at(op, say(fault.CaptureSystemDenied, 1500, otDenied, own)),
		at(op, say(fault.CapturePolicyBlocked, 1500, otDenied, own)),
		at(op, say(fault.PageInsecure, 1500, otNotSupp, own)),
		at(op, say(fault.CaptureOverconstrained, 1500, otConstraint, own)),
		at(op, say(fault.CaptureBrowserFailure, 1500, "OT_CHROME_MICROPHONE_ACQUISITION_ERROR", own)),
		at(op, say(fault.CaptureFailed, 1500, otHardware, own)),
		at(op, say(fault.ScreenUnsupported, 1550, otScreenNo, doc, "O026 O041")),
		at(op, say(fault.ScreenExtensionUnregistered, 1551, otScreenReg, doc, "O027 O042")),
		at(op, say(fault.ScreenExtensionMissing, 1552, otScreenInst, doc, "O028 O043")),
		// The document lists the authentication error here, although the call takes no token.
		also(at(op, say(fault.TokenExpired, 1004, otAuth, byCode, "O025"))),
		also(at(op, say(fault.AccessKeyUnknown, 1004, otAuth, byCode, "O025"))),
		also(at(op, say(fault.TokenSignature, 1004, otAuth, byCode, "O025"))),
		also(at(op, say(fault.TokenMalformed, 1004, otAuth, byCode, "O025"))),
	},
		openTokMedia(op, "O032", "O039", "O040", "O038"),
		openTokElement(op, 1500, "O034", "O035", "O036", "O037"),
		openTokParameters(op, "O033"),
	)
}

func openTokOther() []row {
	return []row{
		at(fault.OpReport, say(fault.ReportFailed, 2011, "OT_REPORT_ISSUE_FAILED", doc, "O029 O044")),
		at(fault.OpStats, say(fault.ClientNotConnected, 1010, otNotConn, byName, "O100")),
		at(fault.OpStats, say(fault.NetworkOffline, 1010, otNotConn, byName, "O100")),
		say(fault.ArgumentInvalid, 1011, otParam, doc, "O030"),
		say(fault.FieldInvalid, 1011, otParam, doc, "O030"),
		say(fault.FieldMissing, 1011, otParam, doc, "O030"),
		say(fault.Internal, 2000, "", doc, "O031"),
		say(fault.ClientInternal, 2000, "", doc, "O031"),
	}
}

// openTokBase is what is said where a method has no word: its own general
// failure, else the code of unexpected errors, which have no name.
func openTokBase(op fault.Op, _ *fault.Kind) (int, string) {
	switch op {
	case fault.OpConnect, fault.OpInit, fault.OpJoin, fault.OpReconnect:
		return 1006, otConnect
	case fault.OpPublish:
		return 1601, ""
	case fault.OpSubscribe:
		return 1600, ""
	case fault.OpMessage:
		return 2001, ""
	}
	return 2000, ""
}
