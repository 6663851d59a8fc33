// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Negotiation and tracks.
var (
	// SDPInvalid: the session description is not valid.
	SDPInvalid = declare(Kind{
		ID: "sdp.invalid", Title: "The session description is not valid", Area: AreaMedia, Category: Media, Status: 400,
		What:  "An offer or answer cannot be parsed, or contradicts the ones before it.",
		Why:   "The text was edited or cut, or a client with its own rules for session descriptions made it.",
		Sign:  "The refusal names the line or the rule. The same client fails every time.",
		Do:    "Pass descriptions on as the browser made them, and report the refused text with the browser's version.",
		User:  "Sound and video could not be set up. Please reload the page.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin, OpPublish, OpSubscribe}, FixedBy: []Party{ByApp, ByVendor},
		See:   []string{"sdp.set_remote", "codec.unsupported"},
		Links: []string{rfc(8866, "9"), rfc(8829, "5.8"), w3c("webrtc", "dom-rtcerrordetailtype-sdp-syntax-error")},
	})
	// SDPCreateOffer: the client could not make an offer.
	SDPCreateOffer = declare(Kind{
		ID: "sdp.create_offer", Title: "The client could not make an offer", Area: AreaMedia, Category: Media,
		What:  "The browser or device refused to describe what it wants to send.",
		Why:   "The peer connection was closed meanwhile, or the media stack of the device is in trouble.",
		Sign:  "It fails before anything is sent to the server.",
		Do:    "Log the native error. Leave and join again to get a fresh peer connection.",
		User:  "Sound and video could not be set up. Please join again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpJoin}, FixedBy: []Party{ByVendor, ByApp},
		See:   []string{"sdp.create_answer", "sdp.set_local", "sdp.set_remote"},
		Links: []string{w3c("webrtc", "dom-rtcpeerconnection-createoffer"), rfc(8829, "5.2")},
	})
	// SDPCreateAnswer: the client could not make an answer.
	SDPCreateAnswer = declare(Kind{
		ID: "sdp.create_answer", Title: "The client could not make an answer", Area: AreaMedia, Category: Media,
		What:  "The browser or device accepted the server's offer and then failed to answer it.",
		Why:   "The peer connection was closed meanwhile, or the media stack of the device is in trouble.",
		Sign:  "The server's offer had been applied. If applying failed, see sdp.set_remote.",
		Do:    "Log the native error. Leave and join again to get a fresh peer connection.",
		User:  "Others' sound and video could not be set up. Please join again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByVendor, ByApp},
		See:   []string{"sdp.create_offer", "sdp.set_local", "sdp.set_remote"},
		Links: []string{w3c("webrtc", "dom-rtcpeerconnection-createanswer"), rfc(8829, "5.3")},
	})
	// SDPSetLocal: the client refused its own description.
	SDPSetLocal = declare(Kind{
		ID: "sdp.set_local", Title: "The client refused its own description", Area: AreaMedia, Category: Media,
		What:  "The browser or device did not accept the offer or answer that it had made itself.",
		Why:   "The text was changed between making and applying it, or the connection's state changed in between.",
		Sign:  "Look for code that edits session descriptions.",
		Do:    "Do not edit descriptions, and make sure that only one negotiation runs at a time.",
		User:  "Sound and video could not be set up. Please join again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish, OpSubscribe, OpJoin}, FixedBy: []Party{ByApp, ByVendor},
		See:   []string{"sdp.create_offer", "sdp.set_remote", "negotiation.in_progress"},
		Links: []string{w3c("webrtc", "dom-peerconnection-setlocaldescription"), rfc(8829, "5.9")},
	})
	// SDPSetRemote: the client refused the server's description.
	SDPSetRemote = declare(Kind{
		ID: "sdp.set_remote", Title: "The client refused the server's description", Area: AreaMedia, Category: Media,
		What:  "The browser or device did not accept the offer or answer that came from the other side.",
		Why:   "The description is broken, does not match the one it answers, or asks for a codec profile the device lacks.",
		Sign:  "The native message names the line or media section. Compare it with the text that was sent.",
		Do:    "Record the description and the native message and report both. Joining again starts from a clean state.",
		User:  "Sound and video could not be set up. Please join again.",
		Retry: RetrySame, Terminal: true, Ops: []Op{OpPublish, OpSubscribe, OpJoin}, FixedBy: []Party{ByVendor, ByOperator},
		CausedBy: []string{"sdp.invalid", "codec.unsupported"}, See: []string{"sdp.set_local"},
		Links: []string{w3c("webrtc", "dom-peerconnection-setremotedescription"), rfc(8829, "5.10")},
	})
	// AnswerSuperseded: a newer offer overtook the answer.
	AnswerSuperseded = declare(Kind{
		ID: "sdp.answer_superseded", Title: "A newer offer overtook the answer", Area: AreaMedia, Category: Media,
		What:  "The answer to an offer was thrown away, because the client had made a newer offer.",
		Why:   "Tracks were added or changed in quick succession, or ICE was restarted during a negotiation.",
		Sign:  "The newer offer is answered right after. Nothing is lost.",
		Do:    "Nothing. The client repeats what is needed.",
		User:  "Your sound and video are being updated.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByVendor},
		CausedBy: []string{"ice.disconnected"}, See: []string{"negotiation.in_progress"},
		Links: []string{rfc(8829, "4.1.10"), rfc(3264, "4")},
	})
	// AnswerUnexpected: an answer came without an offer.
	AnswerUnexpected = declare(Kind{
		ID: "sdp.answer_unexpected", Title: "An answer came without an offer", Area: AreaMedia, Category: API, Status: 400,
		What:  "A peer sent an answer while no offer was waiting for one.",
		Why:   "It answered twice, answered an offer that had been withdrawn, or lost count during a reconnect.",
		Sign:  "The server has no offer outstanding for this peer.",
		Do:    "Answer each offer once, and drop answers that belong to an earlier connection.",
		User:  "Something in the app went wrong. Please join again.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe, OpPublish}, FixedBy: []Party{ByApp},
		See:   []string{"sdp.answer_superseded", "negotiation.in_progress"},
		Links: []string{rfc(3264, "4"), rfc(8829, "3.2")},
	})
	// NegotiationFailed: the media connection could not be negotiated.
	NegotiationFailed = declare(Kind{
		ID: "media.negotiation", Title: "The media connection could not be negotiated", Area: AreaMedia, Category: Media, Status: 500,
		What:  "The server could not work out an answer to a valid offer, or could not apply the client's answer.",
		Why:   "The two sides got out of step, or the server's media stack failed.",
		Sign:  "The server's log holds the cause. A client that fails by itself reports one of the sdp faults.",
		Do:    "Try once more; if it fails again, leave and join with fresh connections.",
		User:  "Sound and video could not be set up. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpJoin, OpPublish, OpSubscribe}, FixedBy: []Party{ByVendor, ByOperator},
		See:   []string{"sdp.invalid", "media.renegotiation"},
		Links: []string{rfc(8829, "4.1.10"), rfc(3264, "6")},
	})
	// RenegotiationFailed: a change to a running connection failed.
	RenegotiationFailed = declare(Kind{
		ID: "media.renegotiation", Title: "A change to the running media connection failed", Area: AreaMedia, Category: Media,
		What:  "Media worked, and then a track could not be added, removed or changed.",
		Why:   "An unforeseen exception while a new offer was handled: often a candidate or description that the device rejects.",
		Sign:  "It appears when someone starts or stops a camera or screen, not at the start of the call.",
		Do:    "Try the change again. If it keeps failing, leave and join.",
		User:  "Your sound or video could not be changed. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe, OpPublish}, FixedBy: []Party{ByVendor, ByApp},
		CausedBy: []string{"ice.candidate_invalid", "sdp.set_remote", "sdp.set_local"}, See: []string{"client.internal"},
		Links: []string{rfc(8829, "5.2.2"), w3c("webrtc", "dom-rtcpeerconnection-onnegotiationneeded")},
	})
	// NegotiationInProgress: a negotiation is running already.
	NegotiationInProgress = declare(Kind{
		ID: "negotiation.in_progress", Title: "A negotiation is running already", Area: AreaMedia, Category: API, Status: 409,
		What:  "An exchange of descriptions was started for a stream that is in the middle of one.",
		Why:   "The app reacted twice to one event, or did not wait for the previous exchange.",
		Sign:  "It disappears when the calls are made one after the other.",
		Do:    "Queue negotiations: one at a time for each connection.",
		User:  "Your sound and video are still being set up. One moment, please.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpSubscribe, OpPublish}, FixedBy: []Party{ByApp},
		See:   []string{"negotiation.timeout", "sdp.answer_superseded"},
		Links: []string{rfc(3264, "4"), rfc(8829, "3.5.1")},
	})
	// NegotiationTimeout: the exchange of descriptions took too long.
	NegotiationTimeout = declare(Kind{
		ID: "negotiation.timeout", Title: "The exchange of descriptions took too long", Area: AreaMedia, Category: Media, Status: 504,
		What:  "An offer was sent and no answer came in time.",
		Why:   "The other side left, is overloaded or suspended, or its answer was lost with the socket.",
		Sign:  "The offer was delivered, and nothing came back for it.",
		Do:    "Offer again. After a reconnect always repeat an offer that is still unanswered.",
		User:  "Setting up sound and video took too long. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe, OpPublish}, FixedBy: []Party{ByApp, ByOperator},
		CausedBy: []string{"signal.lost", "client.suspended", "server.stalled"}, See: []string{"publish.timeout", "negotiation.in_progress"},
		Links: []string{rfc(8829, "3.2")},
	})
	// NegotiationPeerLeft: the other peer left during the exchange.
	NegotiationPeerLeft = declare(Kind{
		ID: "negotiation.peer_left", Title: "The other peer left during the exchange", Area: AreaMedia, Category: Media, Status: 410,
		What:  "The peer whose media was being negotiated left before the descriptions had been exchanged.",
		Why:   "It left the call or lost its connection at that moment.",
		Sign:  "The notice that the peer left comes at the same time.",
		Do:    "Drop the subscription; nothing has to be repeated.",
		User:  "That person has just left the call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"subscribe.peer_left", "peer.gone"},
		Links: []string{rfc(9110, "15.5.11")},
	})
	// SubscribePeerLeft: one of the two left while a subscription was being made.
	SubscribePeerLeft = declare(Kind{
		ID: "subscribe.peer_left", Title: "One of the two left while a subscription was made", Area: AreaMedia, Category: Media, Status: 410,
		What:  "Subscribing needs the one who sends and the one who receives, and one of them left meanwhile.",
		Why:   "People leave at any time, often in the second in which others subscribe to everybody.",
		Sign:  "One of the two peers is no longer listed.",
		Do:    "Forget the subscription if the sender left; join again if it was the receiver.",
		User:  "That person has just left the call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"negotiation.peer_left", "stream.ended"},
		Links: []string{rfc(9110, "15.5.11")},
	})
	// SubscribeDuplicate: the subscription exists already.
	SubscribeDuplicate = declare(Kind{
		ID: "subscribe.duplicate", Title: "The subscription exists already", Area: AreaMedia, Category: API, Status: 409,
		What:  "A peer subscribed to a stream that it is receiving.",
		Why:   "The app handled one announcement twice.",
		Sign:  "Media of that stream arrives.",
		Do:    "Remember which streams are subscribed, and use the subscription that exists.",
		User:  "You are receiving this video already.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"negotiation.in_progress"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// SubscriberFailed: the receiving side failed inside the client.
	SubscriberFailed = declare(Kind{
		ID: "subscriber.internal", Title: "The receiving side failed inside the client", Area: AreaMedia, Category: Media,
		What:  "The client could not go on receiving a stream and has no closer reason.",
		Why:   "An error in the client's media stack.",
		Sign:  "Other streams of the same call are received. The native error is in the client's log.",
		Do:    "Subscribe again; if that fails, reconnect to the session.",
		User:  "This person's video could not be shown. Trying again may help.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpSubscribe}, FixedBy: []Party{ByVendor, ByApp},
		CausedBy: []string{"sdp.set_remote", "stream.ended", "playback.decode"}, See: []string{"publisher.internal"},
		Links: []string{w3c("webrtc", "rtcrtpreceiver-interface")},
	})
	// PublisherFailed: the sending side failed inside the client.
	PublisherFailed = declare(Kind{
		ID: "publisher.internal", Title: "The sending side failed inside the client", Area: AreaMedia, Category: Media,
		What:  "The client could not go on publishing and has no closer reason.",
		Why:   "An error in the client's media stack.",
		Sign:  "Receiving others works. The native error is in the client's log.",
		Do:    "Publish again; if that fails, reconnect to the session.",
		User:  "Your sound and video could not be sent. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByVendor, ByApp},
		CausedBy: []string{"peerconnection.create", "sdp.set_remote", "encoder.failed"}, See: []string{"subscriber.internal"},
		Links: []string{w3c("webrtc", "rtcrtpsender-interface")},
	})
	// PublishTimeout: publishing took too long.
	PublishTimeout = declare(Kind{
		ID: "publish.timeout", Title: "Publishing took too long", Area: AreaMedia, Category: Connection, Status: 504,
		What:  "The client began to publish and was not sending media within a reasonable time.",
		Why:   "The media path never came up, an answer was lost, or the server is very slow.",
		Sign:  "Find the first step that is missing: announced, negotiated, first packet, first key frame.",
		Do:    "Try again. If it repeats on one network only, treat it like ice.failed.",
		User:  "Your sound and video could not be sent in time. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByUser, ByOperator},
		CausedBy: []string{"ice.failed", "negotiation.timeout", "server.queue_full", "dtls.failed", "publish.no_media"},
		Links:    []string{rfc(8829, "4.1.10"), rfc(8445, "8.3")},
	})
	// StreamRefused: the server could not create the stream.
	StreamRefused = declare(Kind{
		ID: "stream.create_failed", Title: "The server could not create the stream", Area: AreaMedia, Category: Server, Status: 503,
		What:  "The client had media ready, and the server did not add the stream to the session.",
		Why:   "A limit on streams, an id that is taken, or a session that is being closed.",
		Sign:  "Capture worked and nothing was negotiated.",
		Do:    "Try again after a pause. If it repeats, look at the session's limits in the server's log.",
		User:  "Your video could not be added to the call. Please try again.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByOperator, ByApp},
		CausedBy: []string{"track.limit", "room.ended", "server.store"}, See: []string{"permission.publish"},
		Links: []string{rfc(9110, "15.6.4")},
	})
	// StreamNotPublished: the other peer publishes nothing.
	StreamNotPublished = declare(Kind{
		ID: "stream.not_published", Title: "The other peer publishes nothing", Area: AreaMedia, Category: API, Status: 404,
		What:  "A subscription names a peer that is in the session and has no stream.",
		Why:   "It has not published yet, has stopped, or only watches.",
		Sign:  "The peer is listed without tracks.",
		Do:    "Subscribe when the stream is announced, not when the peer joins.",
		User:  "This person is not sending video right now.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe, OpForceUnpublish}, FixedBy: []Party{ByApp},
		See:   []string{"track.not_found", "peer.unavailable"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// StreamPublished: the peer publishes already.
	StreamPublished = declare(Kind{
		ID: "stream.published", Title: "The peer publishes a stream already", Area: AreaMedia, Category: API, Status: 409,
		What:  "A peer asks to publish while its one stream is published. With such clients a peer has one stream at a time.",
		Why:   "The app published twice, or did not wait for the end of the first stream.",
		Sign:  "The first stream goes on.",
		Do:    "Unpublish the first stream, or join a second time for the second one, as apps do for a screen.",
		User:  "You are sending video already.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByApp},
		See:   []string{"stream.not_published", "subscribe.duplicate"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// StreamEnded: the stream ended before it could be received.
	StreamEnded = declare(Kind{
		ID: "stream.ended", Title: "The stream ended before it could be received", Area: AreaMedia, Category: Media, Status: 410,
		What:  "The stream existed when the subscription began and was gone before it was complete.",
		Why:   "The publisher stopped it or left.",
		Sign:  "A notice that the stream ended comes at the same time.",
		Do:    "Drop the subscription and wait for a new stream.",
		User:  "This person has just stopped their video.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe, OpForceUnpublish}, FixedBy: []Party{ByApp},
		See:   []string{"track.not_found", "subscribe.peer_left"},
		Links: []string{rfc(9110, "15.5.11")},
	})
	// TrackNotFound: no such track.
	TrackNotFound = declare(Kind{
		ID: "track.not_found", Title: "No such track", Area: AreaMedia, Category: API, Status: 404,
		What:  "The call names a track or stream that nobody in the session publishes.",
		Why:   "The id is wrong, belongs to another session, or the track ended before the call arrived.",
		Sign:  "No peer's list of tracks holds the id.",
		Do:    "Take ids from the current tracks, and expect that a track can end at any time.",
		User:  "This video is no longer available.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpMute, OpSubscribe, OpUpdate, OpForceUnpublish}, FixedBy: []Party{ByApp},
		See:   []string{"stream.ended", "stream.not_published", "peer.not_found"},
		Links: []string{rfc(9110, "15.5.5")},
	})
	// TrackLimit: too many tracks.
	TrackLimit = declare(Kind{
		ID: "track.limit", Title: "Too many tracks", Area: AreaMedia, Category: Media, Status: 400,
		What:  "The peer publishes, or receives, as many tracks as one peer may.",
		Why:   "The app adds tracks without removing old ones, or a room has more tracks than one client is sent.",
		Sign:  "The refusal states the limit. The tracks before it go on; those beyond are not sent.",
		Do:    "App: unpublish tracks that are no longer needed, and replace the media of a track instead of adding another. Operator: raise limits.peer_tracks for what a peer publishes, limits.received_tracks for what it receives.",
		User:  "You are sharing as much as this call allows. Stop something first.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"stream.create_failed"},
		Links: []string{rfc(8829, "5.2.2")},
	})
	// CodecUnsupported: no codec is common to both sides.
	CodecUnsupported = declare(Kind{
		ID: "codec.unsupported", Title: "No codec is common to both sides", Area: AreaMedia, Category: Media, Status: 400,
		What:  "A track was offered in codecs or codec profiles that the other side does not have.",
		Why:   "A browser without H.264, a device whose hardware has one H.264 profile only, or a template that allows a single codec.",
		Sign:  "The record names the codec the track is sent in and those the other side accepts (codec, accepted): none match.",
		Do:    "Send VP8, which every browser has: let the publisher's role name it as its codec (publishParams.video.codec), or send VP8 from the client that publishes.",
		User:  "Your browser cannot play or send this video. Try another browser.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe}, FixedBy: []Party{ByOperator, ByUser},
		See:   []string{"sdp.set_remote", "codec.change_refused"},
		Links: []string{rfc(7742, "5"), rfc(7874, "3"), rfc(8829, "5.3.1")},
	})
	// CodecChangeRefused: the codec cannot be changed during a call.
	CodecChangeRefused = declare(Kind{
		ID: "codec.change_refused", Title: "The codec cannot be changed during a call", Area: AreaMedia, Category: API,
		What:  "The app asked for another codec on a track that is being sent.",
		Why:   "The client library fixes the codec when the track is published.",
		Sign:  "The same settings are accepted before joining.",
		Do:    "Choose the codec before joining, or unpublish the track and publish it again.",
		User:  "This setting cannot be changed during a call.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpUpdate}, FixedBy: []Party{ByApp},
		See:   []string{"codec.unsupported"},
		Links: []string{w3c("webrtc", "dom-rtcrtpsender-setparameters")},
	})
	// AudioLevelMissing: the audio does not say how loud it is.
	AudioLevelMissing = declare(Kind{
		ID: "audio.level_missing", Title: "The audio does not say how loud it is", Area: AreaMedia, Category: Media, Status: 400,
		What:  "An audio track is published and forwarded, but its packets lack the header extension that tells its level.",
		Why:   "The client does not offer the extension, an edit of its session description removed it, or what makes the packets leaves it out. Browsers offer and send it.",
		Sign:  "Everybody hears the track, and it is seldom or never among the active speakers. The record says whether the offer lacks the extension or the packets do.",
		Do:    "Offer `a=extmap:N urn:ietf:params:rtp-hdrext:ssrc-audio-level` in the audio section and write the level into every packet. Until then the voice bit of Opus is used where it has one, which tells speech from silence and not how loud it is.",
		User:  "Others hear you, but you may not be shown as speaking.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByApp},
		See:   []string{"capture.silent", "codec.unsupported"},
		Links: []string{rfc(6464, "4"), rfc(6716, "4.2.3"), rfc(8285, "5")},
	})
	// SimulcastSettings: simulcast was asked for without video settings.
	SimulcastSettings = declare(Kind{
		ID: "simulcast.settings_missing", Title: "Simulcast was asked for without video settings", Area: AreaMedia, Category: API,
		What:  "Several qualities of one video were to be sent, and there are no video settings to derive them from.",
		Why:   "The app switches simulcast on and turns video off, or builds its settings by hand.",
		Sign:  "It fails while settings are made, before a device is opened.",
		Do:    "Give video settings, or leave simulcast off.",
		User:  "The app is not set up correctly. Please contact its makers.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpCapture}, FixedBy: []Party{ByApp},
		See:   []string{"capture.nothing_requested"},
		Links: []string{rfc(8853, "5.1"), w3c("webrtc", "dom-rtcrtpencodingparameters-rid")},
	})
	// EncoderUnavailable: the hardware encoder is not there.
	EncoderUnavailable = declare(Kind{
		ID: "encoder.unavailable", Title: "The hardware encoder is not available", Area: AreaMedia, Category: Media,
		What:  "The device has no free hardware encoder for the settings that were asked for.",
		Why:   "Another program uses it, or the resolution is more than it takes.",
		Sign:  "A smaller picture or another codec works.",
		Do:    "Lower the resolution, or prefer a codec that is encoded in software.",
		User:  "Your device cannot send video at this quality. Try a lower quality.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"encoder.failed"},
		Links: []string{w3c("webrtc", "dom-rtcerrordetailtype-hardware-encoder-not-available")},
	})
	// EncoderFailed: the hardware encoder failed.
	EncoderFailed = declare(Kind{
		ID: "encoder.failed", Title: "The hardware encoder failed", Area: AreaMedia, Category: Media,
		What:  "Video was being encoded, and the hardware reported an error.",
		Why:   "A driver bug, an overheated device, or a change of resolution that it cannot follow.",
		Sign:  "Audio goes on while the video freezes for everybody else.",
		Do:    "Publish the video track again; browsers then often fall back to software.",
		User:  "Your video stopped. Turn the camera off and on again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPublish}, FixedBy: []Party{ByUser, ByVendor},
		See:   []string{"encoder.unavailable"},
		Links: []string{w3c("webrtc", "dom-rtcerrordetailtype-hardware-encoder-error")},
	})
	// StatsFailed: statistics could not be read.
	StatsFailed = declare(Kind{
		ID: "stats.failed", Title: "Statistics could not be read", Area: AreaMedia, Category: Media,
		What:  "The client asked the browser for statistics of a media connection and was refused.",
		Why:   "The connection was closed at that moment, or the browser has a bug.",
		Sign:  "Media is not affected.",
		Do:    "Ignore single cases. Many in a row mean that the connection is dead.",
		User:  "Connection details are not available right now.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpStats}, FixedBy: []Party{ByVendor},
		See:   []string{"client.not_connected"},
		Links: []string{w3c("webrtc", "dom-rtcpeerconnection-getstats")},
	})
)
