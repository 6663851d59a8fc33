// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// HMS is the vocabulary of the 100ms web and Android SDKs. Numbers the server
// sends arrive in the SDK as code of a ServerErrors exception; the others are
// made by the SDK itself. The table follows the error list of the SDKs and, for
// the codes beyond it, the web SDK 0.15.
var HMS = newDialect(Dialect{
	Name: "hms", Title: "100ms SDKs for web and Android",
	About:   "Codes and names of an HMSException, and the codes that a server sends to the SDKs.",
	aliases: []string{"100ms", "100ms-sdk", "hms-web", "hms-android", "100ms-web", "100ms-android"},
	methods: []Method{
		{"INIT", fault.OpInit, nil}, {"GET_TOKEN", fault.OpToken, nil}, {"PREVIEW", fault.OpPreview, nil},
		{"JOIN", fault.OpJoin, nil}, {"PUBLISH", fault.OpPublish, []string{"offer"}}, {"UNPUBLISH", fault.OpUnpublish, nil},
		{"SUBSCRIBE", fault.OpSubscribe, []string{"answer"}}, {"RECONNECT_SIGNAL", fault.OpReconnect, nil},
		{"TRACK", fault.OpCapture, nil}, {"AUTOPLAY", fault.OpPlayback, nil}, {"VALIDATION", fault.OpUpdate, nil},
		{"PLAYLIST", fault.OpPlaylist, nil}, {"VIDEO_PLUGINS", fault.OpPlugin, []string{"AUDIO_PLUGINS"}},
	},
	rows: hmsRows, base: hmsBase,
})

// srv is the name of every exception that carries a server's number.
const srv = "ServerErrors"

func hmsRows() []row {
	return []row{
		// The server refuses a token. 40106 is not in use.
		say(fault.AccessKeyUnknown, 40101, srv, doc, "S016"),
		say(fault.TokenRoomUnknown, 40102, srv, doc, "S017"),
		say(fault.TokenAuthID, 40103, srv, doc, "S018"),
		say(fault.TokenAppID, 40104, srv, doc, "S019"),
		say(fault.TokenCustomerID, 40105, srv, doc, "S020"),
		say(fault.TokenUser, 40107, srv, doc, "S021"),
		say(fault.TokenRole, 40108, srv, doc, "S022"),
		say(fault.TokenMalformed, 40109, srv, doc, "S023"),
		say(fault.TokenSignature, 40109, srv, doc, "S023"),
		say(fault.TokenPayload, 40109, srv, doc, "S023"),
		say(fault.TokenPayloadJSON, 40109, srv, doc, "S023"),
		say(fault.TokenClaim, 40109, srv, own),
		say(fault.TokenMissing, 40109, srv, own),
		say(fault.TokenRefused, 40100, srv, doc, "S024"),
		say(fault.TokenExpired, 40100, srv, own),
		say(fault.TokenNotYetValid, 40100, srv, own),
		say(fault.TokenRevoked, 40100, srv, own),
		say(fault.TokenKind, 40100, srv, own),

		// The server refuses a room or a peer.
		say(fault.RoomNotFound, 40001, srv, doc, "S025"),
		say(fault.RoomIDInvalid, 40001, srv, doc, "S025"),
		say(fault.TokenRoomMismatch, 40002, srv, doc, "S026"),
		say(fault.PeerAlreadyJoined, 40004, srv, doc, "S027"),
		say(fault.PeerGone, 41001, srv, doc, "S028"),

		// The socket, as the SDK sees it.
		say(fault.SignalUpgrade, 1000, "WebsocketFailedToConnect", live),
		say(fault.SignalLost, 1003, "WebSocketConnectionLost", doc, "S001"),
		say(fault.SignalSilent, 1003, "WebSocketConnectionLost", live),
		say(fault.NetworkOffline, 1003, "WebSocketConnectionLost", live),
		say(fault.SlowConsumer, 1003, "WebSocketConnectionLost", live),
		say(fault.ClientSuspended, 1003, "WebSocketConnectionLost", own),
		say(fault.SignalClosedEarly, 1006, "WebSocketAbnormalClose", live),

		// Asking where to connect.
		say(fault.EndpointInvalid, 2002, "", doc, "S002"),
		say(fault.InitConfigMissing, 2002, "InitError", live),
		say(fault.EndpointUnreachable, 2003, "EndpointUnreachable", doc, "S003"),
		at(fault.OpInit, say(fault.NetworkOffline, 2003, "EndpointUnreachable", live)),
		say(fault.TLSFailed, 2003, "EndpointUnreachable", live),
		say(fault.ResponseCrossOrigin, 2003, "EndpointUnreachable", live),
		also(say(fault.TokenMalformed, 2004, "InvalidTokenFormat", doc, "S004")),
		also(say(fault.TokenPayloadJSON, 2004, "InvalidTokenFormat", doc, "S004")),
		also(say(fault.TokenPayload, 2004, "InvalidTokenFormat", doc, "S004")),
		also(say(fault.TokenMissing, 2004, "InvalidTokenFormat", live)),
		say(fault.ResponseNotJSON, 200, srv, live),
		say(fault.ResponseEmpty, 200, srv, live),
		also(say(fault.Internal, 2000, srv, live)), // declared in the SDK, never sent
		also(say(fault.Internal, 5000, srv, live)), // declared in the SDK, never sent

		// Cameras, microphones, screens, playback.
		say(fault.CaptureFailed, 3000, "GenericTrack", live),
		say(fault.ScreenGesture, 3000, "GenericTrack", live),
		say(fault.ScreenExtensionUnregistered, 3000, "GenericTrack", own),
		say(fault.ScreenExtensionMissing, 3000, "GenericTrack", own),
		say(fault.CaptureDenied, 3001, "CantAccessCaptureDevice", doc, "S005"),
		say(fault.ScreenDenied, 3001, "CantAccessCaptureDevice", live),
		say(fault.CapturePolicyBlocked, 3001, "CantAccessCaptureDevice", live),
		say(fault.DeviceNotFound, 3002, "DeviceNotAvailable", doc, "S006"),
		say(fault.ScreenSourceMissing, 3002, "DeviceNotAvailable", live),
		say(fault.DeviceInUse, 3003, "DeviceInUse", doc, "S007"),
		say(fault.DeviceFailed, 3003, "DeviceInUse", live),
		say(fault.ScreenUnreadable, 3003, "DeviceInUse", live),
		say(fault.DeviceLost, 3004, "DeviceLostMidway", live),
		say(fault.CaptureNothing, 3005, "NothingToReturn", live),
		say(fault.CaptureUnsupported, 3005, "NothingToReturn", live),
		say(fault.ScreenUnsupported, 3005, "NothingToReturn", live),
		say(fault.SimulcastSettings, 3006, "InvalidVideoSettings", live),
		say(fault.CodecChangeRefused, 3007, "CodecChangeNotPermitted", live),
		say(fault.AutoplayBlocked, 3008, "AutoplayBlocked", doc, "S008"),
		say(fault.CaptureOverconstrained, 3009, "OverConstrained", live),
		say(fault.CaptureSilent, 3010, "NoAudioDetected", live),
		say(fault.CaptureSystemDenied, 3011, "SystemDeniedPermission", live),
		say(fault.ScreenWrongSurface, 3012, "CurrentTabNotShared", live),
		say(fault.PlaybackFailed, 3013, "Audio playback error", live),
		say(fault.PlaybackDecode, 3013, "Audio playback error", live),
		say(fault.PlaybackNetwork, 3013, "Audio playback error", live),
		say(fault.PlaybackSource, 3013, "Audio playback error", live),
		say(fault.PlaybackAborted, 3013, "Audio playback error", live),
		say(fault.DeviceSelectedMissing, 3014, "SelectedDeviceMissing", live),
		say(fault.CaptureNoData, 3015, "Track does not have any data", live),
		say(fault.CaptureBrowserFailure, 3015, "Track does not have any data", own),

		// Negotiation and the path of the media.
		say(fault.SDPCreateOffer, 4001, "CreateOfferFailed", doc, "S009"),
		say(fault.PeerConnectionCreate, 4001, "CreateOfferFailed", own),
		say(fault.SDPCreateAnswer, 4002, "CreateAnswerFailed", doc, "S010"),
		say(fault.SDPSetLocal, 4003, "SetLocalDescriptionFailed", doc, "S011"),
		say(fault.SDPSetRemote, 4004, "SetRemoteDescriptionFailed", doc, "S012"),
		say(fault.ICEFailed, 4005, "ICEFailure", doc, "S013"),
		say(fault.DTLSFailed, 4005, "ICEFailure", live),
		say(fault.DTLSFingerprint, 4005, "ICEFailure", live),
		say(fault.ICESlow, 4005, "ICEFailure", own),
		say(fault.ICENoCandidates, 4005, "ICEFailure", own),
		say(fault.AdvertisedAddress, 4005, "ICEFailure", own),
		say(fault.PublishTimeout, 4005, "ICEFailure", own),
		say(fault.ICEDisconnected, 4006, "ICEDisconnected", live),
		say(fault.StatsFailed, 4007, "StatsFailed", live),
		say(fault.AnswerSuperseded, 4008, "PublishAnswerSuperseded", live),

		// What the client was doing.
		say(fault.ClientAlreadyJoined, 5001, "AlreadyJoined", doc, "S014"),
		say(fault.ClientNotConnected, 6000, "NotConnected", live),
		say(fault.SignallingUnknown, 6001, "Signalling", live),
		say(fault.RenegotiationFailed, 6002, "Unknown", doc, "S015"),
		say(fault.ClientInternal, 6002, "Unknown", live),
		say(fault.JoinDuringPreview, 6003, "NotReady", live),
		say(fault.ClientNotReady, 6003, "NotReady", live),
		also(say(fault.JoinDuringPreview, 5002, "CannotJoinPreviewInProgress", live)),
		say(fault.FrameUnreadable, 6004, "JsonParsingFailed", live),
		say(fault.TrackMetadataMissing, 6005, "TrackMetadataMissing", live),
		say(fault.RTCTrackMissing, 6006, "RTCTrackMissing", live),
		say(fault.PeerMetadataMissing, 6007, "PeerMetadataMissing", live),
		say(fault.ClientRoleUnknown, 6008, "InvalidRole", live),
		say(fault.PreviewRunning, 6009, "PreviewAlreadyInProgress", live),
		say(fault.PageInsecure, 6010, "MissingMediaDevices", live),
		say(fault.WebRTCMissing, 6011, "MissingRTCPeerConnection", live),
		say(fault.StorageDenied, 6012, "LocalStorageAccessDenied", live),
		say(fault.ArgumentInvalid, 6013, "ValidationFailed", live),
		also(at(fault.OpMessage, say(fault.PeerNotFound, 6013, "ValidationFailed", live))),

		// Plugins and playlists.
		say(fault.PluginPlatform, 7001, "PlatformNotSupported", live),
		say(fault.PluginInit, 7002, "InitFailed", live),
		say(fault.PluginProcessing, 7003, "ProcessingFailed", live),
		say(fault.PluginBusy, 7004, "AddAlreadyInProgress", live),
		say(fault.PluginDevice, 7005, "DeviceNotSupported", live),
		say(fault.PluginNotAllowed, 7006, "NotAllowedForRoom", live),
		say(fault.PlaylistEnd, 8001, "NoEntryToPlay", live),
		say(fault.PlaylistIdle, 8002, "NoEntryIsPlaying", live),
	}
}

// hmsBase is what is said where the list has no number. A server sends the HTTP
// status; codes that begin with 5, and 429, make the SDK try again, so the
// catalogue gives such a status only to faults that may be tried again. What
// only a client sees is the media connection or the SDK's unknown exception.
func hmsBase(_ fault.Op, k *fault.Kind) (int, string) {
	switch {
	case k.Status != 0:
		return k.Status, srv
	case k.Area == fault.AreaTransport:
		return 4005, "ICEFailure"
	}
	return 6002, "Unknown"
}
