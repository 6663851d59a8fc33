// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// Sceenic is the vocabulary of the Sceenic WatchTogether SDKs. Names are those
// of the iOS SDK; the constants of the Android and web SDKs are understood too.
// Codes 107, 108, 204, 308 and 309 are on the vendor's pages for the other SDKs
// only.
var Sceenic = newDialect(Dialect{
	Name: "sceenic", Title: "Sceenic WatchTogether SDKs",
	About:   "Codes and names of the iOS NSError, with the constants of the Android and web SDKs.",
	aliases: []string{"watchtogether", "wt"},
	rows:    sceenicRows, base: sceenicBase,
	other: map[int][]string{
		101: {"USER_GENERIC_ERROR_CODE"}, 102: {"USER_NOT_FOUND_ERROR_CODE"}, 103: {"USER_CLOSED_ERROR_CODE"},
		104: {"EXISTING_USER_IN_SESSION_ERROR_CODE"}, 105: {"USER_NOT_STREAMING_ERROR_CODE"},
		106: {"USER_NOT_AUTHORIZED_ERROR_CODE"}, 201: {"SESSION_GENERIC_ERROR_CODE"}, 203: {"SESSION_CLOSED_ERROR_CODE"},
		206: {"SESSION_IS_FULL_ERROR_CODE"}, 303: {"MEDIA_ENDPOINT_ERROR_CODE"}, 801: {"TRANSPORT_REQUEST_ERROR_CODE"},
		802: {"TRANSPORT_RESPONSE_ERROR_CODE"}, 803: {"TRANSPORT_ERROR_CODE"}, 901: {"GENERIC_CONNECTION_ERROR"},
		999: {"GENERIC_ERROR_CODE"}, -1: {"UNKNOWN_ERROR"},
	},
})

func sceenicRows() []row {
	return []row{
		// User.
		say(fault.PeerTypeInvalid, 101, "userGeneric", doc, "W001"),
		say(fault.PeerUnavailable, 101, "userGeneric", doc, "W002"),
		say(fault.CandidateLimit, 101, "userGeneric", doc, "W003"),
		say(fault.CandidateInvalid, 101, "userGeneric", own),
		say(fault.NotJoined, 102, "userNotFound", doc, "W004"),
		say(fault.PeerNotFound, 102, "userNotFound", doc, "W005"),
		say(fault.ClientNotConnected, 102, "userNotFound", own),
		say(fault.SubscribePeerLeft, 103, "userClosedError", doc, "W006"),
		say(fault.NegotiationPeerLeft, 103, "userClosedError", doc, "W007"),
		say(fault.PeerGone, 103, "userClosedError", own),
		say(fault.PeerNameTaken, 104, "existingUserInSession", doc, "W008"),
		say(fault.PeerAlreadyJoined, 104, "existingUserInSession", own),
		say(fault.ClientAlreadyJoined, 104, "existingUserInSession", own),
		say(fault.CaptureNothing, 105, "userNotStreaming", doc, "W009"),
		say(fault.AnswerUnexpected, 105, "userNotStreaming", doc, "W010"),
		say(fault.StreamNotPublished, 105, "userNotStreaming", doc, "W011"),
		say(fault.StreamEnded, 105, "userNotStreaming", own),
		say(fault.TrackNotFound, 105, "userNotStreaming", own),
		say(fault.SyncNotAllowed, 106, "userNotAuthorized", doc, "W012"),
		say(fault.ResumeSecret, 106, "userNotAuthorized", doc, "W013"),
		say(fault.NotPermitted, 106, "userNotAuthorized", own),
		say(fault.PublishNotAllowed, 106, "userNotAuthorized", own),

		// Session.
		say(fault.RoomLocked, 201, "sessionGenericError", doc, "W014"),
		say(fault.Invariant, 201, "sessionGenericError", doc, "W015"),
		say(fault.RoomAlreadyLocked, 201, "sessionGenericError", doc, "W016"),
		say(fault.RoomDisabled, 201, "sessionGenericError", own),
		say(fault.RoomEnded, 203, "sessionClosed", doc, "W017"),
		say(fault.PeerRemoved, 203, "sessionClosed", own),
		say(fault.RoomCreateFailed, 204, "SESSION_CANNOT_BE_CREATED_ERROR_CODE", live),
		say(fault.StreamingFull, 206, "sessionIsFull", doc, "W018"),
		say(fault.RoomFull, 206, "sessionIsFull", own),
		say(fault.RoleFull, 206, "sessionIsFull", own),

		// Media.
		say(fault.SubscribeDuplicate, 303, "mediaEndpoint", doc, "W019"),
		say(fault.NegotiationInProgress, 303, "mediaEndpoint", doc, "W020"),
		say(fault.NegotiationTimeout, 303, "mediaEndpoint", doc, "W021"),
		say(fault.NegotiationFailed, 303, "mediaEndpoint", own),
		say(fault.RenegotiationFailed, 303, "mediaEndpoint", own),
		say(fault.SDPInvalid, 303, "mediaEndpoint", own),
		say(fault.SDPCreateOffer, 303, "mediaEndpoint", own),
		say(fault.SDPCreateAnswer, 303, "mediaEndpoint", own),
		say(fault.SDPSetLocal, 303, "mediaEndpoint", own),
		say(fault.SDPSetRemote, 303, "mediaEndpoint", own),
		say(fault.PeerConnectionCreate, 303, "mediaEndpoint", own),
		say(fault.PublisherFailed, 303, "mediaEndpoint", own),
		say(fault.SubscriberFailed, 303, "mediaEndpoint", own),
		say(fault.PublishTimeout, 303, "mediaEndpoint", own),
		say(fault.StreamRefused, 303, "mediaEndpoint", own),
		say(fault.CaptureDenied, 309, "MEDIA_VIDEO_PERMISSION_ERROR_CODE", live),
		also(say(fault.CaptureDenied, 308, "MEDIA_AUDIO_PERMISSION_ERROR_CODE", live)),
		also(say(fault.CaptureDenied, 107, "USER_VIDEO_PERMISSION_DENIED_ERROR_CODE", live)),
		also(say(fault.CaptureDenied, 108, "USER_AUDIO_PERMISSION_DENIED_ERROR_CODE", live)),
		say(fault.CaptureSystemDenied, 309, "MEDIA_VIDEO_PERMISSION_ERROR_CODE", own),
		say(fault.CapturePolicyBlocked, 309, "MEDIA_VIDEO_PERMISSION_ERROR_CODE", own),

		// Transport.
		say(fault.MediaNodeUnreachable, 801, "transportRequest", doc, "W022"),
		say(fault.MediaNodeResponse, 802, "transportResponse", doc, "W023"),
		say(fault.MethodUnknown, 803, "transport", doc, "W024"),
		say(fault.FieldMissing, 803, "transport", doc, "W025"),
		say(fault.FieldInvalid, 803, "transport", doc, "W025"),
		say(fault.FrameInvalid, 803, "transport", own),
		say(fault.ArgumentInvalid, 803, "transport", own),

		// Generic.
		say(fault.Internal, -1, "unknownError", doc, "W026"),
		say(fault.JoinAbandoned, 901, "genericConnectionError", doc, "W027"),
		say(fault.RequestCancelled, 901, "genericConnectionError", own),
		say(fault.SignalLost, 901, "genericConnectionError", own),
		say(fault.SignalSilent, 901, "genericConnectionError", own),
		say(fault.SignalUpgrade, 901, "genericConnectionError", own),
		say(fault.SignalClosedEarly, 901, "genericConnectionError", own),
		say(fault.EndpointUnreachable, 901, "genericConnectionError", own),
		say(fault.NetworkOffline, 901, "genericConnectionError", own),
		say(fault.ICEFailed, 901, "genericConnectionError", own),
		say(fault.ICEDisconnected, 901, "genericConnectionError", own),
		say(fault.ICESlow, 901, "genericConnectionError", own),
		say(fault.DTLSFailed, 901, "genericConnectionError", own),
		say(fault.FeatureUnsupported, 999, "genericError", doc, "W028"),

		// Token and socket. The document gives these names without a description.
		say(fault.TokenMalformed, 1101, "invalidToken", doc, "W029"),
		say(fault.TokenSignature, 1101, "invalidToken", doc, "W029"),
		say(fault.TokenRefused, 1101, "invalidToken", doc, "W029"),
		say(fault.TokenExpired, 1101, "invalidToken", own),
		say(fault.TokenNotYetValid, 1101, "invalidToken", own),
		say(fault.TokenRevoked, 1101, "invalidToken", own),
		say(fault.TokenKind, 1101, "invalidToken", own),
		say(fault.TokenMissing, 1101, "invalidToken", own),
		say(fault.AccessKeyUnknown, 1101, "invalidToken", own),
		say(fault.TokenPayload, 1102, "invalidTokenData", doc, "W030"),
		say(fault.TokenClaim, 1102, "invalidTokenData", own),
		say(fault.TokenAuthID, 1102, "invalidTokenData", own),
		say(fault.TokenAppID, 1102, "invalidTokenData", own),
		say(fault.TokenCustomerID, 1102, "invalidTokenData", own),
		say(fault.TokenRoomUnknown, 1102, "invalidTokenData", own),
		say(fault.TokenRoomMismatch, 1102, "invalidTokenData", own),
		say(fault.TokenUser, 1102, "invalidTokenData", own),
		say(fault.TokenRole, 1102, "invalidTokenData", own),
		say(fault.TokenPayloadJSON, 1103, "invalidTokenJsonData", doc, "W031"),
		say(fault.EndpointInvalid, 1104, "invalidSocketURL", doc, "W032"),
		say(fault.ICEServerInvalid, 1105, "invalidStunServer", doc, "W033"),
	}
}

// sceenicBase is what is said where the list has no code.
func sceenicBase(fault.Op, *fault.Kind) (int, string) { return -1, "unknownError" }
