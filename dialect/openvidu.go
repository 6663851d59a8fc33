// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// OpenVidu is the vocabulary of OpenVidu 2: the numbers of its server's
// OpenViduException, which openvidu-browser hands on in the error of a call. They
// grew out of those of Kurento Room, which Sceenic's come from as well; 10, 106,
// 202, 302 and 401 mean here what they do in neither or only one of the others.
var OpenVidu = newDialect(Dialect{
	Name: "openvidu", Title: "OpenVidu 2",
	About:   "Codes and names of the OpenViduException that a call of openvidu-browser is refused with.",
	aliases: []string{"kurento", "openvidu-browser", "openvidu2"},
	methods: []Method{
		{Name: "joinRoom", Op: fault.OpJoin, Aliases: []string{"Session.connect"}},
		{Name: "leaveRoom", Op: fault.OpLeave, Aliases: []string{"Session.disconnect"}},
		{Name: "publishVideo", Op: fault.OpPublish, Aliases: []string{"Session.publish"}},
		{Name: "unpublishVideo", Op: fault.OpUnpublish, Aliases: []string{"Session.unpublish"}},
		{Name: "receiveVideoFrom", Op: fault.OpSubscribe, Aliases: []string{"Session.subscribe", "prepareReceiveVideoFrom", "unsubscribeFromVideo"}},
		{Name: "sendMessage", Op: fault.OpMessage, Aliases: []string{"Session.signal"}},
		{Name: "streamPropertyChanged", Op: fault.OpUpdate},
		{Name: "forceDisconnect", Op: fault.OpRemove, Aliases: []string{"Session.forceDisconnect"}},
		{Name: "forceUnpublish", Op: fault.OpForceUnpublish, Aliases: []string{"Session.forceUnpublish"}},
		{Name: "connect", Op: fault.OpReconnect},
	},
	rows: openViduRows, base: openViduBase,
})

func openViduRows() []row {
	const (
		userGeneric      = "USER_GENERIC_ERROR_CODE"
		userNotFound     = "USER_NOT_FOUND_ERROR_CODE"
		userClosed       = "USER_CLOSED_ERROR_CODE"
		existingUser     = "EXISTING_USER_IN_ROOM_ERROR_CODE"
		notStreaming     = "USER_NOT_STREAMING_ERROR_CODE"
		alreadyStreaming = "USER_ALREADY_STREAMING_ERROR_CODE"
		roomGeneric      = "ROOM_GENERIC_ERROR_CODE"
		roomNotFound     = "ROOM_NOT_FOUND_ERROR_CODE"
		roomClosed       = "ROOM_CLOSED_ERROR_CODE"
		roomNotCreated   = "ROOM_CANNOT_BE_CREATED_ERROR_CODE"
		mediaSDP         = "MEDIA_SDP_ERROR_CODE"
		mediaEndpoint    = "MEDIA_ENDPOINT_ERROR_CODE"
		unauthorized     = "USER_UNAUTHORIZED_ERROR_CODE"
		metadataFormat   = "USER_METADATA_FORMAT_INVALID_ERROR_CODE"
		signalFormat     = "SIGNAL_FORMAT_INVALID_ERROR_CODE"
		signalTo         = "SIGNAL_TO_INVALID_ERROR_CODE"
		transport        = "TRANSPORT_ERROR_CODE"
		generic          = "GENERIC_ERROR_CODE"
		edition          = "WRONG_OPENVIDU_EDITION_ERROR_CODE"
		resumption       = 40007 // of the JSON-RPC layer beneath
	)
	return []row{
		// User.
		say(fault.CandidateLimit, 10, userGeneric, own),
		say(fault.CandidateInvalid, 10, userGeneric, own),
		say(fault.PeerUnavailable, 10, userGeneric, own),
		say(fault.PeerNotFound, 102, userNotFound, live),
		at(fault.OpMessage, say(fault.PeerNotFound, 601, signalTo, live)),
		say(fault.SubscribePeerLeft, 103, userClosed, live),
		say(fault.NegotiationPeerLeft, 103, userClosed, own),
		say(fault.PeerAlreadyJoined, 104, existingUser, live),
		say(fault.StreamNotPublished, 105, notStreaming, live),
		say(fault.CaptureNothing, 105, notStreaming, own),
		say(fault.AnswerUnexpected, 105, notStreaming, own),
		say(fault.TrackNotFound, 105, notStreaming, own),
		say(fault.StreamPublished, 106, alreadyStreaming, live),

		// Session.
		say(fault.RoomLocked, 201, roomGeneric, own),
		say(fault.RoomDisabled, 201, roomGeneric, own),
		say(fault.RoomFull, 201, roomGeneric, own),
		say(fault.RoleFull, 201, roomGeneric, own),
		say(fault.RoomNotFound, 202, roomNotFound, live),
		say(fault.RoomIDInvalid, 202, roomNotFound, own),
		say(fault.SessionNotActive, 202, roomNotFound, own),
		say(fault.RoomEnded, 203, roomClosed, live),
		say(fault.PeerRemoved, 203, roomClosed, own),
		say(fault.RoomCreateFailed, 204, roomNotCreated, live),

		// Media.
		say(fault.SDPInvalid, 302, mediaSDP, live),
		say(fault.NegotiationFailed, 302, mediaSDP, own),
		say(fault.CodecUnsupported, 302, mediaSDP, own),
		say(fault.SubscribeDuplicate, 303, mediaEndpoint, own),
		say(fault.NegotiationInProgress, 303, mediaEndpoint, own),
		say(fault.NegotiationTimeout, 303, mediaEndpoint, live),

		// Permission and tokens.
		say(fault.NotPermitted, 401, unauthorized, live),
		say(fault.PublishNotAllowed, 401, unauthorized, live),
		say(fault.TokenSpent, 401, unauthorized, live),
		say(fault.TokenRefused, 401, unauthorized, live),
		say(fault.TokenMissing, 401, unauthorized, live),
		say(fault.TokenMalformed, 401, unauthorized, own),
		say(fault.TokenSignature, 401, unauthorized, own),
		say(fault.TokenExpired, 401, unauthorized, own),
		say(fault.TokenRevoked, 401, unauthorized, own),
		say(fault.TokenRole, 401, unauthorized, own),
		say(fault.TokenRoomUnknown, 401, unauthorized, own),
		say(fault.TokenRoomMismatch, 401, unauthorized, own),

		// Formats.
		at(fault.OpJoin, say(fault.FieldInvalid, 500, metadataFormat, own)),
		at(fault.OpMessage, say(fault.FieldInvalid, 600, signalFormat, live)),
		at(fault.OpMessage, say(fault.FieldMissing, 600, signalFormat, own)),
		say(fault.MessageTooLarge, 600, signalFormat, own),

		// Transport.
		say(fault.NotJoined, 803, transport, live),
		say(fault.MethodUnknown, 803, transport, own),
		say(fault.FrameInvalid, 803, transport, own),
		say(fault.FrameTooLarge, 803, transport, own),
		say(fault.FieldMissing, 803, transport, own),
		say(fault.FieldInvalid, 803, transport, own),
		say(fault.PeerGone, resumption, "", live),
		at(fault.OpStream, say(fault.FeatureUnsupported, 997, edition, live)), // speech to text
		say(fault.FeatureUnsupported, 999, generic, own),
	}
}

// openViduBase is what is said where the list has no code.
func openViduBase(fault.Op, *fault.Kind) (int, string) { return 999, "GENERIC_ERROR_CODE" }
