// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Playing what others send.
var (
	// AutoplayBlocked: the browser does not play sound before the user acts.
	AutoplayBlocked = declare(Kind{
		ID: "playback.autoplay_blocked", Title: "The browser does not play sound before the user acts", Area: AreaMedia, Category: Media,
		What:  "Sound of others arrives, and the browser refuses to play it until the user has touched the page.",
		Why:   "Browsers forbid sound on pages the user has not interacted with. Someone who has granted a microphone is exempt, so viewers are hit most.",
		Sign:  "Level meters of others move and nothing is heard. One click anywhere cures it.",
		Do:    "Show a button such as \"Turn on sound\" and start playback in its click handler.",
		User:  "Your browser has muted this call. Press the button to turn on sound.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPlayback, OpSubscribe}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"playback.failed"},
		Links: []string{html("media", "allowed-to-play"), html("media", "dom-media-play")},
	})
	// PlaybackFailed: sound of others could not be played.
	PlaybackFailed = declare(Kind{
		ID: "playback.failed", Title: "The sound of others could not be played", Area: AreaMedia, Category: Media,
		What:  "An audio element that plays another peer reported an error.",
		Why:   "The output device went away, or the browser stopped the element.",
		Sign:  "Packets arrive and the element is paused or in error. If the browser waits for a click, see playback.autoplay_blocked.",
		Do:    "Call play again, on another output device if the selected one is gone.",
		User:  "Sound could not be played. Check your speakers or headphones.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPlayback}, FixedBy: []Party{ByUser, ByApp},
		CausedBy: []string{"device.lost", "playback.decode"}, See: []string{"playback.autoplay_blocked"},
		Links: []string{html("media", "dom-media-error")},
	})
	// PlaybackAborted: playing was aborted.
	PlaybackAborted = declare(Kind{
		ID: "playback.aborted", Title: "Playing was aborted", Area: AreaMedia, Category: Media,
		What:  "The video or audio element stopped fetching its stream because it was told to.",
		Why:   "Its source was changed or removed, or pause was called while it was starting.",
		Sign:  "MediaError code 1, or an AbortError from play; the page itself caused it.",
		Do:    "Set the source once and wait for play before you change it.",
		User:  "Playing was interrupted. Please try again.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPlayback, OpCapture, OpPublish, OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"playback.network"},
		Links: []string{html("media", "dom-mediaerror-media_err_aborted")},
	})
	// PlaybackNetwork: the stream stopped arriving in the element.
	PlaybackNetwork = declare(Kind{
		ID: "playback.network", Title: "The stream stopped arriving", Area: AreaMedia, Category: Connection,
		What:  "The element had begun to play, and a network error ended the stream.",
		Why:   "The media connection failed underneath it.",
		Sign:  "MediaError code 2, next to an ICE fault at the same time.",
		Do:    "Let the connection recover, then attach the stream again.",
		User:  "Playing stopped because of a network problem. Check your connection.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpPlayback, OpCapture, OpPublish, OpSubscribe}, FixedBy: []Party{ByUser},
		CausedBy: []string{"ice.failed", "network.offline"}, See: []string{"playback.aborted"},
		Links: []string{html("media", "dom-mediaerror-media_err_network")},
	})
	// PlaybackDecode: the stream could not be decoded.
	PlaybackDecode = declare(Kind{
		ID: "playback.decode", Title: "The stream could not be decoded", Area: AreaMedia, Category: Media,
		What:  "Data arrived, and the browser could not turn it into sound or pictures.",
		Why:   "A codec profile that the device only claims to have, damaged data, or a decoder that crashed.",
		Sign:  "MediaError code 3. It happens for some publishers or devices only.",
		Do:    "Attach the stream again; if it repeats, prefer another codec.",
		User:  "This video cannot be shown on your device.",
		Retry: RetrySame, Terminal: false, Ops: []Op{OpPlayback, OpCapture, OpPublish, OpSubscribe}, FixedBy: []Party{ByVendor, ByOperator},
		CausedBy: []string{"codec.unsupported"}, See: []string{"playback.source_unsupported"},
		Links: []string{html("media", "dom-mediaerror-media_err_decode")},
	})
	// PlaybackSource: the element cannot play this kind of stream.
	PlaybackSource = declare(Kind{
		ID: "playback.source_unsupported", Title: "The element cannot play this kind of stream", Area: AreaMedia, Category: Media,
		What:  "What was given to the video or audio element is not something it can play at all.",
		Why:   "A wrong object as source, or a stream without any playable track.",
		Sign:  "MediaError code 4, or a NotSupportedError from play, before any data.",
		Do:    "Give the element a media stream through `srcObject`, with at least one live track.",
		User:  "This video cannot be shown on your device.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPlayback, OpCapture, OpPublish, OpSubscribe}, FixedBy: []Party{ByApp},
		See:   []string{"playback.decode"},
		Links: []string{html("media", "dom-mediaerror-media_err_src_not_supported")},
	})
)
