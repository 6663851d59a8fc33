// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// What the client itself was doing: calls at the wrong time, and its own
// mistakes.
var (
	// ClientAlreadyJoined: this client is in a call already.
	ClientAlreadyJoined = declare(Kind{
		ID: "client.already_joined", Title: "This client is in a call already", Area: AreaClient, Category: API,
		What:  "The app called join on a client that has joined or is joining.",
		Why:   "A button pressed twice, or code that runs twice when a component is mounted twice.",
		Sign:  "The client library refused by itself; the server saw nothing. See peer.already_joined for the server's refusal.",
		Do:    "Call join once, and leave before you join another room.",
		User:  "You are in this call already.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"peer.already_joined", "client.join_during_preview"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// JoinDuringPreview: join was called while a preview was running.
	JoinDuringPreview = declare(Kind{
		ID: "client.join_during_preview", Title: "Join was called while a preview was starting", Area: AreaClient, Category: API,
		What:  "The app called join before its call of preview had finished.",
		Why:   "The join button is active before the preview is ready.",
		Sign:  "The same call works a second later.",
		Do:    "Wait for the preview to be ready before you join.",
		User:  "One moment, please: the preview is still loading.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpJoin}, FixedBy: []Party{ByApp},
		See:   []string{"client.preview_running", "client.not_ready"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// PreviewRunning: a preview is running already.
	PreviewRunning = declare(Kind{
		ID: "client.preview_running", Title: "A preview is running already", Area: AreaClient, Category: API,
		What:  "The app called preview while an earlier call was not done.",
		Why:   "Code that runs twice when a component is mounted twice.",
		Sign:  "The first call goes on undisturbed.",
		Do:    "Call preview once and keep its result.",
		User:  "One moment, please: the preview is still loading.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPreview}, FixedBy: []Party{ByApp},
		See:   []string{"client.join_during_preview"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// ClientNotConnected: the client is not in a session.
	ClientNotConnected = declare(Kind{
		ID: "client.not_connected", Title: "The client is not connected to a session", Area: AreaClient, Category: API,
		What:  "The app made a call that needs a session, and the client has none: it never connected, or has lost it.",
		Why:   "The call came before connecting was done, or after the session had ended.",
		Sign:  "The client library refused by itself. A device without network is network.offline.",
		Do:    "Wait for the connected event, and disable the controls when the session ends.",
		User:  "You are not connected to the call.",
		Retry: RetryNever, Terminal: false,
		Ops: []Op{OpUpdate, OpPublish, OpSubscribe, OpMessage, OpRemove, OpForceUnpublish, OpEndRoom, OpStats}, FixedBy: []Party{ByApp},
		CausedBy: []string{"signal.lost", "network.offline"}, See: []string{"signal.not_joined"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// ClientNotReady: the client's media engine is not ready.
	ClientNotReady = declare(Kind{
		ID: "client.not_ready", Title: "The client is not ready for this call", Area: AreaClient, Category: API,
		What:  "The client library was asked for something while it was still starting or busy with another step.",
		Why:   "Calls were made without waiting for the ones before them.",
		Sign:  "The same call works a moment later.",
		Do:    "Await each call before the next.",
		User:  "One moment, please.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpJoin, OpPreview}, FixedBy: []Party{ByApp},
		See:   []string{"client.join_during_preview"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// ArgumentInvalid: an argument of the call is wrong.
	ArgumentInvalid = declare(Kind{
		ID: "client.argument_invalid", Title: "An argument of the call is missing or wrong", Area: AreaClient, Category: API,
		What:  "The client library checked the arguments of a call and did not accept them.",
		Why:   "An empty message, a peer or role that does not exist, a wrong type, or an element that is not on the page.",
		Sign:  "Nothing was sent to the server. Its own checks are request.field_missing and request.field_invalid.",
		Do:    "Compare the arguments with the library's reference; the message names the one at fault.",
		User:  "Something in the app went wrong. Please try again.",
		Retry: RetryNever, Terminal: false,
		Ops:     []Op{OpUpdate, OpConnect, OpPublish, OpSubscribe, OpMessage, OpRemove, OpForceUnpublish, OpCapture},
		FixedBy: []Party{ByApp},
		See:     []string{"request.field_invalid", "request.field_missing"},
		Links:   []string{"https://webidl.spec.whatwg.org/#exceptiondef-typeerror"},
	})
	// ClientInternal: the client library failed.
	ClientInternal = declare(Kind{
		ID: "client.internal", Title: "The client library failed", Area: AreaClient, Category: Server,
		What:  "An exception inside the client library that it has no name for.",
		Why:   "A bug in the library, an unexpected reply, or page scripts that change what the library relies on.",
		Sign:  "The native exception and its stack are in the browser's console.",
		Do:    "Log the native exception. Reconnect and try the action again; report it if it repeats.",
		User:  "Something in the app went wrong. Please reload and try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpJoin, OpUpdate, OpPublish, OpSubscribe}, FixedBy: []Party{ByVendor, ByApp},
		See:   []string{"server.internal", "media.renegotiation"},
		Links: []string{html("webappapis", "report-the-error")},
	})
	// SignallingUnknown: an unknown error of signalling.
	SignallingUnknown = declare(Kind{
		ID: "client.signalling", Title: "The client met an unknown signalling error", Area: AreaClient, Category: API,
		What:  "A call over the signalling socket could not be made or failed in a way that the client library does not know.",
		Why:   "A required option of the call was left out, or the reply was of an unknown kind.",
		Sign:  "The message names the action.",
		Do:    "Check the options of the call that the message names.",
		User:  "That did not work. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpStream, OpUpdate}, FixedBy: []Party{ByApp, ByVendor},
		See:   []string{"client.argument_invalid", "signal.frame_invalid"},
		Links: []string{jsonRPCErrors},
	})
	// FrameUnreadable: the client cannot read a frame of the server.
	FrameUnreadable = declare(Kind{
		ID: "client.frame_unreadable", Title: "The client cannot read a message of the server", Area: AreaClient, Category: Server,
		What:  "A message from the server was not JSON, as far as the client could tell.",
		Why:   "A proxy that injects text, or versions that do not fit.",
		Sign:  "The client's log quotes the message.",
		Do:    "Compare the versions of both sides, and take proxies that rewrite traffic out of the path.",
		User:  "The app and the service do not fit together. Please reload the page.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpJoin, OpUpdate}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"signal.frame_invalid"},
		Links: []string{rfc(8259, "2")},
	})
	// TrackMetadataMissing: media arrived without a description of its track.
	TrackMetadataMissing = declare(Kind{
		ID: "client.track_metadata_missing", Title: "Media arrived without a description of its track", Area: AreaClient, Category: Server,
		What:  "The client receives a track that no announcement belongs to.",
		Why:   "The announcement was lost or comes later, or the track's ids were changed on the way.",
		Sign:  "The track's id is in no list of tracks that was sent.",
		Do:    "Reconnect: the whole state is sent anew.",
		User:  "One of the videos cannot be shown yet.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"client.rtc_track_missing", "client.peer_metadata_missing"},
		Links: []string{rfc(8830, "2")},
	})
	// RTCTrackMissing: a track was announced and no media came.
	RTCTrackMissing = declare(Kind{
		ID: "client.rtc_track_missing", Title: "A track was announced and no media came", Area: AreaClient, Category: Media,
		What:  "The client knows of a track and has no media for it.",
		Why:   "The media connection is not up, the track is not forwarded, or it ended.",
		Sign:  "The track is listed and its media section is missing or inactive.",
		Do:    "Wait for the media connection. If others receive the track, reconnect.",
		User:  "One of the videos is not arriving yet.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByOperator, ByVendor},
		CausedBy: []string{"ice.failed", "stream.ended", "publish.no_media", "keyframe.missing", "forward.gated"}, See: []string{"client.track_metadata_missing"},
		Links: []string{rfc(8830, "2"), w3c("webrtc", "event-track")},
	})
	// PeerMetadataMissing: something arrived from a peer nobody announced.
	PeerMetadataMissing = declare(Kind{
		ID: "client.peer_metadata_missing", Title: "Something arrived from a peer nobody announced", Area: AreaClient, Category: Server,
		What:  "The client got a track or message of a peer that it does not know.",
		Why:   "The notice of the peer's joining was lost or comes later.",
		Sign:  "The peer's id is in no list that was sent.",
		Do:    "Reconnect: the whole state is sent anew.",
		User:  "Someone is joining. One moment, please.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe, OpUpdate}, FixedBy: []Party{ByOperator, ByVendor},
		See:   []string{"client.track_metadata_missing"},
		Links: []string{jsonRPCErrors},
	})
	// ClientRoleUnknown: the client does not know its role.
	ClientRoleUnknown = declare(Kind{
		ID: "client.role_unknown", Title: "The client does not know the role", Area: AreaClient, Category: Permission,
		What:  "The role of this or another peer is not among the roles that the server announced, so the client cannot go on.",
		Why:   "The template was changed while the call was running, or the token names a role that is gone.",
		Sign:  "The server admitted the peer; the client library ended the session itself.",
		Do:    "Fetch a token with a role of the current template and join again. Do not remove roles while peers use them.",
		User:  "Your role in this call has changed. Please open the link again.",
		Retry: RetryNewToken, Terminal: true, Ops: []Op{OpJoin, OpPreview, OpRoleChange}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"token.role"}, See: []string{"role.not_found"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// PageClosed: the page was closed or left.
	PageClosed = declare(Kind{
		ID: "client.page_closed", Title: "The page was closed or left", Area: AreaClient, Category: Connection,
		What:  "The peer's page went away: the tab was closed, reloaded or sent elsewhere, or its process crashed.",
		Why:   "People close tabs without leaving first.",
		Sign:  "Close code 1001 without a leave. A server that is stopping uses the same code towards everybody.",
		Do:    "Treat it as a leave.",
		User:  "You have left the call.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpLeave}, FixedBy: []Party{ByUser},
		See:   []string{"signal.closed", "server.draining"},
		Links: []string{rfc(6455, "7.4.1"), html("document-lifecycle", "unloading-documents")},
	})
	// ClientSuspended: the page or app was suspended.
	ClientSuspended = declare(Kind{
		ID: "client.suspended", Title: "The page or app was suspended", Area: AreaClient, Category: Connection,
		What:  "The system stopped the page's scripts, so it could neither answer nor send.",
		Why:   "A phone was locked, the tab was in the background for long, or a laptop was closed.",
		Sign:  "The socket is silent while it stays open, and the page later reports that it was hidden.",
		Do:    "Reconnect when the page becomes visible. Native apps need the background modes for calls.",
		User:  "Your device paused the call. It will be restored when you come back.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpReconnect, OpPublish, OpSubscribe}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"signal.silent", "ice.disconnected"},
		Links: []string{"https://wicg.github.io/page-lifecycle/"},
	})
)

// Media plugins and playlists, which run in the client.
var (
	// PluginPlatform: the plugin does not run here.
	PluginPlatform = declare(Kind{
		ID: "plugin.platform_unsupported", Title: "The plugin does not run on this platform", Area: AreaClient, Category: Media,
		What:  "A media plugin was added on a browser or system it does not support.",
		Why:   "Plugins need features that some browsers lack.",
		Sign:  "The plugin's own check for support says no.",
		Do:    "Ask the plugin whether it is supported before you offer it.",
		User:  "This effect does not work in your browser.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPlugin}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"plugin.device_unsupported"},
		Links: []string{w3c("mediacapture-transform", "introduction")},
	})
	// PluginInit: the plugin could not start.
	PluginInit = declare(Kind{
		ID: "plugin.init_failed", Title: "The plugin could not start", Area: AreaClient, Category: Media,
		What:  "A media plugin was added and failed while it was starting.",
		Why:   "Its files could not be loaded, or the device lacks memory or a graphics processor.",
		Sign:  "The network panel shows whether its files arrived.",
		Do:    "Serve the plugin's files from where it looks for them, and go on without it.",
		User:  "The effect could not be started.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPlugin}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"plugin.processing_failed"},
		Links: []string{w3c("mediacapture-transform", "introduction")},
	})
	// PluginProcessing: the plugin failed while running.
	PluginProcessing = declare(Kind{
		ID: "plugin.processing_failed", Title: "The plugin failed while running", Area: AreaClient, Category: Media,
		What:  "A media plugin threw an error on a frame of audio or video, and was taken out.",
		Why:   "A bug in the plugin, or a device that is too slow.",
		Sign:  "The unprocessed track goes on.",
		Do:    "Remove the plugin and tell the user; update it.",
		User:  "The effect was switched off because of a problem.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPlugin}, FixedBy: []Party{ByVendor, ByApp},
		See:   []string{"plugin.init_failed"},
		Links: []string{w3c("mediacapture-transform", "introduction")},
	})
	// PluginBusy: the plugin is being added already.
	PluginBusy = declare(Kind{
		ID: "plugin.add_in_progress", Title: "The plugin is being added already", Area: AreaClient, Category: API,
		What:  "The app added a plugin while the same one was still being added.",
		Why:   "A switch pressed twice.",
		Sign:  "The first call goes on undisturbed.",
		Do:    "Wait for the first call before the next.",
		User:  "One moment, please: the effect is being started.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPlugin}, FixedBy: []Party{ByApp},
		See:   []string{"plugin.init_failed"},
		Links: []string{"https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// PluginDevice: the plugin does not work with this device.
	PluginDevice = declare(Kind{
		ID: "plugin.device_unsupported", Title: "The plugin does not work with this device", Area: AreaClient, Category: Device,
		What:  "The plugin runs on this platform, and not with the chosen camera, microphone or headset.",
		Why:   "Some audio plugins do not work with wireless headsets, which change their sample rate.",
		Sign:  "Another device works.",
		Do:    "Take the plugin out for this device.",
		User:  "This effect does not work with your current device. Choose another one.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPlugin}, FixedBy: []Party{ByUser},
		See:   []string{"plugin.platform_unsupported"},
		Links: []string{w3c("mediacapture-transform", "introduction")},
	})
	// PluginNotAllowed: the plugin is not enabled for this room.
	PluginNotAllowed = declare(Kind{
		ID: "plugin.not_allowed", Title: "The plugin is not enabled for this room", Area: AreaClient, Category: Permission,
		What:  "The plugin is paid for or switched on per room, and this room does not have it.",
		Why:   "The room's settings do not list it.",
		Sign:  "The same app can use it in another room.",
		Do:    "Enable it for the room, or hide it.",
		User:  "This effect is not available in this call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPlugin}, FixedBy: []Party{ByOperator, ByApp},
		See:   []string{"permission.denied"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// PlaylistEnd: the playlist has no further entry.
	PlaylistEnd = declare(Kind{
		ID: "playlist.no_entry", Title: "The playlist has no further entry", Area: AreaClient, Category: API,
		What:  "The app asked for the next or previous entry, and there is none.",
		Why:   "The end or the beginning of the list is reached.",
		Sign:  "The position is at one end of the list.",
		Do:    "Disable the button at the ends of the list.",
		User:  "This is the end of the playlist.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPlaylist}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"playlist.not_playing"},
		Links: []string{html("media", "media-elements")},
	})
	// PlaylistIdle: nothing of the playlist is playing.
	PlaylistIdle = declare(Kind{
		ID: "playlist.not_playing", Title: "Nothing of the playlist is playing", Area: AreaClient, Category: API,
		What:  "The app asked to pause, seek or stop, and no entry is playing.",
		Why:   "Playing has ended or never began.",
		Sign:  "The playlist has no current entry.",
		Do:    "Enable such controls only while an entry plays.",
		User:  "Nothing is playing right now.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPlaylist}, FixedBy: []Party{ByApp},
		See:   []string{"playlist.no_entry"},
		Links: []string{html("media", "dom-media-pause")},
	})
)
