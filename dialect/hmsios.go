// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// HMSIOS is the vocabulary of the 100ms iOS SDK: the cases of HMSError.Code,
// and the HTTP-like codes without a name that the server's refusals arrive as.
// Word.Terminal and Word.CanRetry are is_terminal and can_retry of its userInfo.
var HMSIOS = newDialect(Dialect{
	Name: "hms-ios", Title: "100ms SDK for iOS",
	About:   "Codes and enum cases of an HMSError, with is_terminal and can_retry of its userInfo.",
	aliases: []string{"ios", "100ms-ios"},
	rows:    hmsIOSRows, base: hmsIOSBase,
})

func hmsIOSRows() []row {
	return []row{
		say(fault.SignalLost, 1003, "websocketConnectionLost", doc, "I001"),
		say(fault.SignalSilent, 1003, "websocketConnectionLost", own),
		say(fault.NetworkOffline, 1003, "websocketConnectionLost", own),
		say(fault.SlowConsumer, 1003, "websocketConnectionLost", own),
		say(fault.ClientSuspended, 1003, "websocketConnectionLost", own),
		say(fault.EndpointInvalid, 2002, "invalidEndpointUrl", doc, "I002"),
		say(fault.EndpointUnreachable, 2003, "endpointUnreachable", doc, "I003"),
		say(fault.SignalUpgrade, 2003, "endpointUnreachable", own),
		say(fault.SignalClosedEarly, 2003, "endpointUnreachable", own),
		say(fault.TLSFailed, 2003, "endpointUnreachable", own),
		also(say(fault.TokenMalformed, 2004, "invalidTokenFormat", doc, "I004")),
		also(say(fault.TokenPayloadJSON, 2004, "invalidTokenFormat", doc, "I004")),
		also(say(fault.TokenPayload, 2004, "invalidTokenFormat", doc, "I004")),
		say(fault.CaptureDenied, 3001, "cantAccessCaptureDevice", doc, "I005"),
		say(fault.CaptureSystemDenied, 3001, "cantAccessCaptureDevice", own),
		say(fault.DeviceInUse, 3001, "cantAccessCaptureDevice", own),
		say(fault.DeviceFailed, 3001, "cantAccessCaptureDevice", own),
		say(fault.DeviceNotFound, 3001, "cantAccessCaptureDevice", own),
		say(fault.ScreenDenied, 3001, "cantAccessCaptureDevice", own),
		say(fault.SubsystemReset, 3008, "audiovideoSubsystemFailure", doc, "I006"),
		say(fault.SDPCreateOffer, 4001, "createOfferFailed", doc, "I007"),
		say(fault.SDPCreateAnswer, 4002, "createOfferFailed", doc, "I008"),
		say(fault.SDPSetLocal, 4003, "createOfferFailed", doc, "I009"),
		say(fault.SDPSetRemote, 4004, "createOfferFailed", doc, "I010"),
		say(fault.ICEFailed, 4005, "iceFailure", doc, "I011"),
		say(fault.ICEDisconnected, 4005, "iceFailure", own),
		say(fault.ICESlow, 4005, "iceFailure", own),
		say(fault.DTLSFailed, 4005, "iceFailure", own),
		say(fault.DTLSFingerprint, 4005, "iceFailure", own),
		say(fault.PublishTimeout, 4005, "iceFailure", own),
		say(fault.ClientAlreadyJoined, 5001, "alreadyJoined", doc, "I012"),
		say(fault.RenegotiationFailed, 6002, "unknown", doc, "I013"),
		say(fault.ClientInternal, 6002, "unknown", own),

		// The server's refusals arrive under their HTTP-like code, without a name.
		say(fault.AccessKeyUnknown, 401, "", doc, "I014"),
		say(fault.TokenRoomUnknown, 401, "", doc, "I015"),
		say(fault.TokenAuthID, 401, "", doc, "I016"),
		say(fault.TokenAppID, 401, "", doc, "I017"),
		say(fault.TokenCustomerID, 401, "", doc, "I018"),
		say(fault.TokenUser, 401, "", doc, "I019"),
		say(fault.TokenRole, 401, "", doc, "I020"),
		say(fault.TokenMalformed, 401, "", doc, "I021"),
		say(fault.TokenSignature, 401, "", doc, "I021"),
		say(fault.TokenPayload, 401, "", doc, "I021"),
		say(fault.TokenPayloadJSON, 401, "", doc, "I021"),
		say(fault.TokenRefused, 401, "", doc, "I022"),
		say(fault.TokenExpired, 401, "", own),
		say(fault.TokenNotYetValid, 401, "", own),
		say(fault.TokenRevoked, 401, "", own),
		say(fault.TokenClaim, 401, "", own),
		say(fault.TokenKind, 401, "", own),
		say(fault.TokenMissing, 401, "", own),
		say(fault.RoomNotFound, 400, "", doc, "I023"),
		say(fault.RoomIDInvalid, 400, "", doc, "I023"),
		say(fault.TokenRoomMismatch, 400, "", doc, "I024"),
		say(fault.PeerAlreadyJoined, 400, "", doc, "I025"),
		say(fault.PeerGone, 410, "", doc, "I026"),
	}
}

// hmsIOSBase is what is said where the list has no case: the HTTP status for a
// server's refusal, else the media connection or the unknown case.
func hmsIOSBase(_ fault.Op, k *fault.Kind) (int, string) {
	switch {
	case k.Status != 0:
		return k.Status, ""
	case k.Area == fault.AreaTransport:
		return 4005, "iceFailure"
	}
	return 6002, "unknown"
}
