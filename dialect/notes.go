// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// note is something to know about the words for some faults: mostly where the
// vendors' documents disagree with one another.
type note struct {
	kinds []*fault.Kind
	text  string
}

func notes() []note {
	k := func(kinds ...*fault.Kind) []*fault.Kind { return kinds }
	return []note{
		{k(fault.SDPCreateOffer, fault.SDPCreateAnswer, fault.SDPSetLocal, fault.SDPSetRemote),
			"The documents disagree on 4001 to 4004. The iOS document gives all four the name createOfferFailed and the text of a general WebRTC error; the list for web and Android repeats that text four times; the web SDK uses them for four conditions: 4001 offer not made, 4002 answer not made, 4003 local description refused, 4004 remote description refused. We follow the web SDK, so on iOS trust the number, not the name."},
		{k(fault.AutoplayBlocked, fault.SubsystemReset),
			"3008 means two things. On the web it is playback that the browser blocked until the user acts; on iOS it is audiovideoSubsystemFailure, a reset of the system's media services. Look at the platform before you act on the number."},
		{k(fault.EndpointInvalid, fault.InitConfigMissing),
			"2002 means two things. The documents describe an endpoint URL that is not valid; the current web SDK uses the number under the name InitError when the answer with the connection settings is missing."},
		{k(fault.AccessKeyUnknown, fault.TokenRoomUnknown, fault.TokenAuthID, fault.TokenAppID, fault.TokenCustomerID,
			fault.TokenUser, fault.TokenRole, fault.TokenMalformed, fault.TokenSignature, fault.TokenRefused),
			"The documents disagree on the grain: the SDKs for web and Android get one of the numbers 40100 to 40109, iOS gets 401 for all nine conditions. There only the message tells them apart. 40106 is not in use."},
		{k(fault.RoomNotFound, fault.RoomIDInvalid, fault.TokenRoomMismatch, fault.PeerAlreadyJoined, fault.PeerGone),
			"The documents disagree on the grain: 40001, 40002 and 40004 on web and Android are all 400 on iOS, and 41001 is 410 there."},
		{k(fault.TokenMalformed, fault.TokenPayload, fault.TokenPayloadJSON),
			"The 100ms SDKs have two numbers for it: 2004 when the SDK itself finds that the token is no JWT and asks nobody, 40109 (401 on iOS) when the server refuses it."},
		{k(fault.RenegotiationFailed, fault.ClientInternal),
			"6002 means two things. The documents call it an error while renegotiating; the web SDK gives the number to every exception it does not know, under the name Unknown, and a failed renegotiation is the commonest of them."},
		{k(fault.ClientAlreadyJoined, fault.PeerAlreadyJoined),
			"Two numbers sound alike: 5001 is the SDK refusing a second join on the same object, 40004 (400 on iOS) the server refusing a peer that is in the room."},
		{k(fault.SignalClosedEarly, fault.EndpointUnreachable, fault.SignalLost, fault.SignalProtocol, fault.SignalClosed),
			"The numbers 1000 to 1015 are close codes of WebSockets, and 100ms and OpenTok use some of them for conditions of their own: 1003 is a lost connection in the 100ms SDKs and an unsupported kind of data in a close frame; 1006 is a failed connect in OpenTok and an abnormal closure elsewhere; 1000 is a failed connect in the 100ms web SDK and a normal closure elsewhere; 1004, 1005, 1010, 1011 and 1013 of OpenTok have nothing to do with close codes."},
		{k(fault.PublishNotAllowed, fault.CaptureDenied, fault.PageInsecure, fault.PublishTimeout),
			"OpenTok's code 1500 stands for three documented conditions when publishing (the role, the user's refusal, a page without HTTPS) and is commonly seen with OT_TIMEOUT as well. Use the name, not the code."},
		{k(fault.ScreenDenied, fault.CaptureDenied),
			"OpenTok documents OT_USER_MEDIA_ACCESS_DENIED for screen sharing only, and code 1500 for a refused camera or microphone. We use the name for both."},
		{k(fault.ClientNotConnected, fault.NetworkOffline),
			"OpenTok's texts disagree: code 1010 says that the client is not connected to the session, the name OT_NOT_CONNECTED that there is no network. Both are raised when the session is not connected, whatever the reason."},
		{k(fault.TokenExpired, fault.AccessKeyUnknown, fault.TokenSignature, fault.TokenMalformed),
			"OpenTok lists the authentication error 1004 for OT.initPublisher() too, although that call takes no token. It can only have come from connecting."},
		{k(fault.ScreenUnsupported, fault.ScreenExtensionUnregistered, fault.ScreenExtensionMissing),
			"OpenTok lists the codes 1550 to 1552 for OT.initPublisher() only, and the names for publishing as well."},
		{k(fault.TokenMalformed, fault.TokenSignature, fault.TokenRefused, fault.TokenPayload, fault.TokenPayloadJSON, fault.EndpointInvalid, fault.ICEServerInvalid, fault.RoomEnded),
			"Sceenic's document gives names without a description for 203 and for 1101 to 1105; we read them by their names."},
		{k(fault.CaptureDenied),
			"Sceenic's pages differ by platform: Android and Swift have 308 for the microphone and 309 for the camera, the web SDK 108 and 107; the Objective-C list has neither."},
		{k(fault.CaptureSystemDenied, fault.DeviceNotFound, fault.ScreenSourceMissing),
			"Browsers disagree: when the operating system blocks a device, Chromium raises NotAllowedError with the words \"denied by system\", Firefox raises NotFoundError."},
	}
}

// Notes returns what is worth knowing about the words for a fault.
func Notes(k *fault.Kind) []string {
	var out []string
	for _, n := range notes() {
		for _, x := range n.kinds {
			if x == k {
				out = append(out, n.text)
			}
		}
	}
	return out
}
