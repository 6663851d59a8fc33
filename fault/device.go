// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Cameras, microphones and screens.
var (
	// CaptureDenied: the user did not allow the camera or microphone.
	CaptureDenied = declare(Kind{
		ID: "capture.denied", Title: "Camera or microphone was not allowed", Area: AreaDevice, Category: Device,
		What:  "The browser or app may not use the camera or microphone, because the user said no or had said no before.",
		Why:   "The prompt was declined or dismissed, or the site is blocked in the browser's settings.",
		Sign:  "A refusal after some seconds is a person at the prompt; within a fraction of a second it is a stored block or capture.policy_blocked.",
		Do:    "Explain why the device is needed before asking, and show how to allow it in the address bar. Let people listen without it.",
		User:  "Your browser is not allowed to use the camera or microphone. Allow it in the address bar and try again.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview, OpJoin}, FixedBy: []Party{ByUser},
		CausedBy: []string{"capture.policy_blocked", "capture.system_denied"},
		See:      []string{"page.insecure", "screen.denied"},
		Links:    []string{getUserMedia, "https://webidl.spec.whatwg.org/#notallowederror"},
	})
	// CaptureSystemDenied: the operating system does not allow it.
	CaptureSystemDenied = declare(Kind{
		ID: "capture.system_denied", Title: "The operating system does not allow the device", Area: AreaDevice, Category: Device,
		What:  "The user allowed the site, and the operating system keeps the browser itself from the camera, microphone or screen.",
		Why:   "Privacy settings of the system or of the company that manages the device.",
		Sign:  "The message says that the system denied it, and every site is refused.",
		Do:    "Point people to the privacy settings of their system; no prompt in the browser can help.",
		User:  "Your system does not let the browser use this device. Allow it in the system's privacy settings, then restart the browser.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByUser},
		See:   []string{"capture.denied", "screen.denied"},
		Links: []string{getUserMedia, getDisplayMedia},
	})
	// CapturePolicyBlocked: the page's policy forbids the device.
	CapturePolicyBlocked = declare(Kind{
		ID: "capture.policy_blocked", Title: "The page's policy forbids the device", Area: AreaDevice, Category: Device,
		What:  "The page is embedded or served in a way that forbids cameras and microphones, so nobody was asked.",
		Why:   "An iframe without `allow=\"camera; microphone; display-capture\"`, or a Permissions-Policy header.",
		Sign:  "It fails at once without a prompt, on every browser, and works when the page is opened on its own.",
		Do:    "Add the allow attribute to the frame, or correct the header.",
		User:  "This page may not use your camera or microphone. Please contact its makers.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByApp},
		See:   []string{"capture.denied", "page.insecure"},
		Links: []string{w3c("permissions-policy", "permissions-policy-http-header-field"), w3c("mediacapture-streams", "permissions-policy-integration")},
	})
	// DeviceNotFound: no such device is there.
	DeviceNotFound = declare(Kind{
		ID: "device.not_found", Title: "No camera or microphone was found", Area: AreaDevice, Category: Device,
		What:  "The device has no camera or microphone of the kind that was asked for.",
		Why:   "Nothing is connected, it is switched off, or the system hides it from the browser.",
		Sign:  "The list of devices has none of that kind. Firefox reports a block by the system in the same way. Where a page's policy forbids one of two devices, Chromium may give the other alone, which SDKs report so.",
		Do:    "Offer to go on without it, and listen for `devicechange`.",
		User:  "No camera or microphone was found. Connect one and try again.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByUser},
		CausedBy: []string{"capture.policy_blocked"},
		See:      []string{"device.lost", "device.selected_missing", "capture.system_denied"},
		Links:    []string{getUserMedia, "https://webidl.spec.whatwg.org/#notfounderror"},
	})
	// DeviceInUse: another program holds the device.
	DeviceInUse = declare(Kind{
		ID: "device.in_use", Title: "Another program is using the device", Area: AreaDevice, Category: Device,
		What:  "The camera or microphone exists and is allowed, and cannot be opened because something else holds it.",
		Why:   "Another conference program or browser has it, or this page holds it in a track that was never stopped.",
		Sign:  "It works after other programs are closed. If it does not, see device.failed.",
		Do:    "Stop tracks you no longer use, tell the user to close other programs, and offer another device.",
		User:  "Another program is using your camera or microphone. Close it and try again.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"device.failed", "capture.browser_failure"},
		Links: []string{getUserMedia, "https://webidl.spec.whatwg.org/#notreadableerror"},
	})
	// DeviceFailed: the device could not be started.
	DeviceFailed = declare(Kind{
		ID: "device.failed", Title: "The device could not be started", Area: AreaDevice, Category: Device,
		What:  "The camera or microphone exists, and the hardware, its driver or the system failed to start it.",
		Why:   "A driver problem, a loose plug, a virtual camera that is not running, or too little USB power.",
		Sign:  "No other program uses it, and other programs fail with it too.",
		Do:    "Offer another device. Ask the user to reconnect it or to restart the computer.",
		User:  "Your camera or microphone could not be started. Unplug it and plug it in again, or choose another one.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByUser},
		See:   []string{"device.in_use", "capture.failed"},
		Links: []string{getUserMedia, "https://webidl.spec.whatwg.org/#notreadableerror", "https://webidl.spec.whatwg.org/#aborterror"},
	})
	// DeviceLost: the device went away during the call.
	DeviceLost = declare(Kind{
		ID: "device.lost", Title: "The device went away during the call", Area: AreaDevice, Category: Device,
		What:  "A camera or microphone that was in use stopped delivering.",
		Why:   "It was unplugged, its battery is empty, or a wireless headset went out of reach.",
		Sign:  "The track ended by itself; the list of devices is shorter than before.",
		Do:    "Switch to another device of the kind, and tell the user.",
		User:  "Your camera or microphone was disconnected.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPublish, OpCapture}, FixedBy: []Party{ByUser},
		See:   []string{"device.selected_missing", "capture.no_data"},
		Links: []string{w3c("mediacapture-streams", "event-mediastreamtrack-ended")},
	})
	// DeviceSelectedMissing: the chosen device is not there any more.
	DeviceSelectedMissing = declare(Kind{
		ID: "device.selected_missing", Title: "The chosen device is not there any more", Area: AreaDevice, Category: Device,
		What:  "The list of devices changed, and the one the user had chosen is not in it.",
		Why:   "It was unplugged or switched off.",
		Sign:  "It comes with a `devicechange` event; other devices of the kind may be there.",
		Do:    "Choose another device or ask the user.",
		User:  "The device you chose is not connected. Choose another one or connect it again.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByUser},
		See:   []string{"device.lost", "device.not_found"},
		Links: []string{w3c("mediacapture-streams", "event-mediadevices-devicechange")},
	})
	// SubsystemReset: the system's media services were reset.
	SubsystemReset = declare(Kind{
		ID: "device.subsystem_reset", Title: "The system's media services were reset", Area: AreaDevice, Category: Device,
		What:  "The part of the operating system that handles sound and video crashed and was started anew; everything that used it is void.",
		Why:   "A failure inside the system's media service. It is rare and not the app's doing.",
		Sign:  "All audio and video of the app stop at the same moment.",
		Do:    "Throw away all media objects, make new ones, and restart the session.",
		User:  "Sound and video of your device had to restart. Please join again.",
		Retry: RetrySame, Terminal: true, Ops: []Op{OpCapture, OpPlayback, OpPublish}, FixedBy: []Party{ByApp, ByVendor},
		See:   []string{"device.failed", "capture.no_data"},
		Links: []string{"https://developer.apple.com/documentation/avfaudio/avaudiosession/mediaserviceswereresetnotification"},
	})
	// CaptureOverconstrained: no device can do what was asked.
	CaptureOverconstrained = declare(Kind{
		ID: "capture.overconstrained", Title: "No device can do what was asked", Area: AreaDevice, Category: Device,
		What:  "There are devices, and none of them meets the mandatory constraints.",
		Why:   "An exact device id that no longer exists, or an exact resolution or frame rate that the camera lacks.",
		Sign:  "The error names the constraint.",
		Do:    "Use `ideal` in place of `exact`, and drop the named constraint in a second attempt.",
		User:  "Your camera or microphone does not support this setting. Choose another device or quality.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"device.not_found", "capture.unsupported"},
		Links: []string{w3c("mediacapture-streams", "overconstrainederror"), getUserMedia},
	})
	// CaptureUnsupported: something in the request is not supported.
	CaptureUnsupported = declare(Kind{
		ID: "capture.unsupported", Title: "The device request is not supported", Area: AreaDevice, Category: Device,
		What:  "The browser does not know how to do what was asked of cameras and microphones.",
		Why:   "An old browser, an in-app browser without capture, or an option it lacks.",
		Sign:  "It fails on this browser for every device.",
		Do:    "Check for the feature first, and send people to a current browser.",
		User:  "Your browser does not support this. Please use a current version of another browser.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"page.insecure", "browser.webrtc_missing", "capture.overconstrained"},
		Links: []string{getUserMedia, "https://webidl.spec.whatwg.org/#notsupportederror"},
	})
	// CaptureNothing: neither audio nor video was asked for.
	CaptureNothing = declare(Kind{
		ID: "capture.nothing_requested", Title: "Neither audio nor video was asked for", Area: AreaDevice, Category: API,
		What:  "A stream was to be made with both audio and video turned off.",
		Why:   "Both settings were false, or empty because a variable was undefined. A shared screen without sound that was asked for sound only ends here too.",
		Sign:  "It fails before any prompt.",
		Do:    "Ask for at least one kind of track, or join without publishing.",
		User:  "Turn on your camera or microphone first.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"simulcast.settings_missing", "capture.unsupported"},
		Links: []string{getUserMedia, "https://webidl.spec.whatwg.org/#exceptiondef-typeerror"},
	})
	// CaptureFailed: capture failed for a reason of its own.
	CaptureFailed = declare(Kind{
		ID: "capture.failed", Title: "Capturing failed for another reason", Area: AreaDevice, Category: Device,
		What:  "The camera, microphone or screen could not be opened, and the browser's reason fits no other fault.",
		Why:   "Anything from a browser bug to a second failure after all constraints had been dropped.",
		Sign:  "Read the native error that comes with it.",
		Do:    "Log the native error, and let the user try again or pick another device.",
		User:  "Your camera or microphone could not be opened. Please try again or choose another one.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish, OpPreview}, FixedBy: []Party{ByUser, ByVendor},
		CausedBy: []string{"device.failed", "capture.overconstrained"}, See: []string{"capture.browser_failure"},
		Links: []string{getUserMedia, "https://webidl.spec.whatwg.org/#aborterror"},
	})
	// CaptureBrowserFailure: the browser itself cannot get at the microphone.
	CaptureBrowserFailure = declare(Kind{
		ID: "capture.browser_failure", Title: "The browser cannot get at the microphone", Area: AreaDevice, Category: Device,
		What:  "The microphone is free and allowed, and the browser fails to open it until it is restarted.",
		Why:   "A known defect of Chrome's audio process.",
		Sign:  "Another browser can use the same microphone at the same moment.",
		Do:    "Tell the user to close all windows of the browser and start it again.",
		User:  "Your browser cannot reach the microphone. Close the browser completely and open this page again.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPublish, OpCapture}, FixedBy: []Party{ByUser, ByVendor},
		See:   []string{"device.in_use", "capture.no_data"},
		Links: []string{getUserMedia},
	})
	// CaptureNoData: the track delivers nothing.
	CaptureNoData = declare(Kind{
		ID: "capture.no_data", Title: "The track delivers nothing", Area: AreaDevice, Category: Device,
		What:  "A track is being published, and no sound or pictures come out of the device.",
		Why:   "A phone call or another app took the device over, or it was muted by a switch.",
		Sign:  "The track is muted or ended right after it was published.",
		Do:    "Tell the user, and capture again when the other program is done.",
		User:  "Nothing comes from your camera or microphone. End other calls and try again.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPublish, OpCapture}, FixedBy: []Party{ByUser},
		CausedBy: []string{"audio.interrupted"},
		See:      []string{"capture.silent", "device.lost", "capture.browser_failure"},
		Links:    []string{w3c("mediacapture-streams", "event-mediastreamtrack-mute")},
	})
	// CaptureSilent: the microphone gives only silence.
	CaptureSilent = declare(Kind{
		ID: "capture.silent", Title: "The microphone gives only silence", Area: AreaDevice, Category: Device,
		What:  "The microphone works as far as the browser can tell, and its level stays at zero.",
		Why:   "A hardware mute switch, the wrong input, or a damaged microphone.",
		Sign:  "The level meter does not move while the user speaks.",
		Do:    "Let the user choose another microphone and watch the level.",
		User:  "We cannot hear you. Check the mute switch of your microphone or choose another one.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpPreview, OpCapture}, FixedBy: []Party{ByUser},
		CausedBy: []string{"audio.interrupted"},
		See:      []string{"capture.no_data"},
		Links:    []string{w3c("webrtc-stats", "dom-rtcaudiosourcestats-audiolevel")},
	})
	// ScreenDenied: sharing the screen was not allowed.
	ScreenDenied = declare(Kind{
		ID: "screen.denied", Title: "Sharing the screen was not allowed", Area: AreaDevice, Category: Device,
		What:  "The dialog that chooses what to share was cancelled or refused.",
		Why:   "The user pressed cancel, or a policy forbids sharing.",
		Sign:  "The dialog was seen. If none appeared, see screen.gesture_required, capture.system_denied or capture.policy_blocked.",
		Do:    "Treat it as a choice, not as an error.",
		User:  "Your screen is not being shared.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByUser},
		See:   []string{"capture.system_denied", "capture.policy_blocked", "screen.gesture_required"},
		Links: []string{getDisplayMedia, "https://webidl.spec.whatwg.org/#notallowederror"},
	})
	// ScreenGesture: sharing must start from a click.
	ScreenGesture = declare(Kind{
		ID: "screen.gesture_required", Title: "Sharing the screen must start from a click", Area: AreaDevice, Category: API,
		What:  "The page asked to share the screen without the user having just acted.",
		Why:   "The call was made from a timer or after a long wait, or the page is not the active one.",
		Sign:  "An InvalidStateError at once, without a dialog.",
		Do:    "Call it directly in the click handler, before any await.",
		User:  "Press the share button once more.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture}, FixedBy: []Party{ByApp, ByUser},
		See:   []string{"screen.denied"},
		Links: []string{getDisplayMedia, "https://webidl.spec.whatwg.org/#invalidstateerror"},
	})
	// ScreenUnsupported: the browser cannot share the screen.
	ScreenUnsupported = declare(Kind{
		ID: "screen.unsupported", Title: "The browser cannot share the screen", Area: AreaDevice, Category: Device,
		What:  "This browser or system has no way to capture a screen or window.",
		Why:   "Browsers on phones do not offer it, nor do old ones.",
		Sign:  "`navigator.mediaDevices.getDisplayMedia` does not exist.",
		Do:    "Hide the share button where the function is missing.",
		User:  "Your browser cannot share the screen. Use a current browser on a computer.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByUser, ByApp},
		See:   []string{"screen.extension_missing", "screen.extension_unregistered"},
		Links: []string{getDisplayMedia},
	})
	// ScreenExtensionUnregistered: the extension for sharing is not registered.
	ScreenExtensionUnregistered = declare(Kind{
		ID: "screen.extension_unregistered", Title: "The extension for sharing is not registered", Area: AreaDevice, Category: API,
		What:  "An old browser shares the screen only through an extension, and the app has not named one.",
		Why:   "The app did not register its extension before it asked to share.",
		Sign:  "Only browsers without `getDisplayMedia` are concerned.",
		Do:    "Register the extension, or better: require a browser that shares without one.",
		User:  "Your browser cannot share the screen here. Please update it.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByApp},
		See:   []string{"screen.extension_missing", "screen.unsupported"},
		Links: []string{getDisplayMedia},
	})
	// ScreenExtensionMissing: the extension for sharing is not installed.
	ScreenExtensionMissing = declare(Kind{
		ID: "screen.extension_missing", Title: "The extension for sharing is not installed", Area: AreaDevice, Category: Device,
		What:  "An old browser shares the screen only through an extension, and the user does not have it.",
		Why:   "It was never installed, or is switched off.",
		Sign:  "The app has registered an extension and got no answer from it.",
		Do:    "Offer a link to install it, or require a browser that shares without one.",
		User:  "Your browser needs an extension to share the screen. Install it, or use a current browser.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByUser},
		See:   []string{"screen.extension_unregistered", "screen.unsupported"},
		Links: []string{getDisplayMedia},
	})
	// ScreenWrongSurface: another surface was shared than the app requires.
	ScreenWrongSurface = declare(Kind{
		ID: "screen.wrong_surface", Title: "Another surface was shared than required", Area: AreaDevice, Category: Device,
		What:  "The app asked for the current tab, and the user chose another tab, window or screen.",
		Why:   "The dialog lets the user choose freely.",
		Sign:  "Sharing began and was stopped by the client at once.",
		Do:    "Tell the user which tab to choose, and ask again.",
		User:  "Please share this tab.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture}, FixedBy: []Party{ByUser},
		See:   []string{"screen.denied"},
		Links: []string{w3c("screen-capture", "dom-displaycapturesurfacetype")},
	})
	// ScreenUnreadable: the screen could not be captured.
	ScreenUnreadable = declare(Kind{
		ID: "screen.unreadable", Title: "The screen or window could not be captured", Area: AreaDevice, Category: Device,
		What:  "The user chose something to share, and the system did not deliver its pictures.",
		Why:   "The window was closed at that moment, is protected, or the system's capture service failed.",
		Sign:  "The dialog was answered. Sharing another window works.",
		Do:    "Let the user choose again.",
		User:  "This window or screen could not be shared. Please choose another one.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture, OpPublish}, FixedBy: []Party{ByUser},
		See:   []string{"capture.system_denied", "screen.denied"},
		Links: []string{getDisplayMedia, "https://webidl.spec.whatwg.org/#notreadableerror"},
	})
	// ScreenSourceMissing: there is nothing to share.
	ScreenSourceMissing = declare(Kind{
		ID: "screen.source_missing", Title: "There is nothing to share", Area: AreaDevice, Category: Device,
		What:  "The system found no screen or window that could be shared.",
		Why:   "A machine without a display, or a system that hides them from the browser. Firefox reports a block by the system in this way.",
		Sign:  "The dialog shows no sources, or does not appear.",
		Do:    "Point people to the privacy settings of their system.",
		User:  "No screen or window was found that could be shared.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpCapture}, FixedBy: []Party{ByUser},
		See:   []string{"capture.system_denied", "screen.unsupported"},
		Links: []string{getDisplayMedia, "https://webidl.spec.whatwg.org/#notfounderror"},
	})
	// PageInsecure: the page is not served securely.
	PageInsecure = declare(Kind{
		ID: "page.insecure", Title: "The page is not served securely", Area: AreaDevice, Category: Device,
		What:  "The page came over plain HTTP, and browsers keep cameras and microphones from such pages.",
		Why:   "A missing certificate, or a test on an address other than localhost.",
		Sign:  "`window.isSecureContext` is false and `navigator.mediaDevices` is undefined.",
		Do:    "Serve the page over HTTPS, or use localhost while developing.",
		User:  "This page is not secure, so it cannot use your camera or microphone. Please open it with https.",
		Retry: RetryNever, Terminal: true, Ops: []Op{OpJoin, OpPublish, OpCapture, OpPreview}, FixedBy: []Party{ByApp, ByOperator},
		See:   []string{"capture.policy_blocked", "browser.webrtc_missing"},
		Links: []string{w3c("secure-contexts", "settings-object"), getUserMedia},
	})
	// WebRTCMissing: the browser has no WebRTC.
	WebRTCMissing = declare(Kind{
		ID: "browser.webrtc_missing", Title: "The browser has no WebRTC", Area: AreaDevice, Category: Device,
		What:  "The browser lacks what video calls are made of.",
		Why:   "An old or embedded browser, or an extension or setting that switches WebRTC off.",
		Sign:  "`RTCPeerConnection` is undefined.",
		Do:    "Check for it before joining, and name extensions that block WebRTC as a possible cause.",
		User:  "Your browser cannot make video calls. Use a current browser, or switch off extensions that block WebRTC.",
		Retry: RetryUser, Terminal: true, Ops: []Op{OpJoin, OpPreview}, FixedBy: []Party{ByUser},
		See:   []string{"page.insecure", "peerconnection.create"},
		Links: []string{w3c("webrtc", "dom-rtcpeerconnection")},
	})
	// StorageDenied: the browser does not let the page store anything.
	StorageDenied = declare(Kind{
		ID: "browser.storage_denied", Title: "The browser does not let the page store anything", Area: AreaDevice, Category: Device,
		What:  "The page may not use the browser's local storage.",
		Why:   "Cookies are blocked, or the page is in a frame of another site.",
		Sign:  "Touching `localStorage` throws a SecurityError.",
		Do:    "Go on without it: remembered devices and waiting reports are lost, calls work.",
		User:  "Your browser blocks storage for this page, so your settings will not be remembered.",
		Retry: RetryUser, Terminal: false, Ops: []Op{OpJoin, OpPreview}, FixedBy: []Party{ByUser},
		See:   []string{"page.insecure"},
		Links: []string{html("webstorage", "dom-localstorage")},
	})
)
