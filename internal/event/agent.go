// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"strings"

	chars "github.com/redial-rtc/redial/internal/text"
)

// Agent is what a client says about itself, "key:value" pairs separated by
// commas. String keeps the text as it came.
type Agent struct {
	SDK                 string
	SDKVersion          string
	DeviceModel         string
	OS                  string
	OSVersion           string
	Framework           string
	FrameworkVersion    string
	FrameworkSDKVersion string
	Domain              string
	Prebuilt            bool
	String              string
}

// agentLimit is how much of an agent text is kept; names of devices are written in
// any script.
var agentLimit = chars.Limit{Chars: 1024, Bytes: 4096}

// ParseAgent reads an agent text. It never fails: what it does not know it
// leaves out, and the text itself is always kept.
func ParseAgent(s string) Agent {
	s = agentLimit.Clip(s)
	a := Agent{String: s}
	for pair := range strings.SplitSeq(s, ",") {
		key, value, ok := strings.Cut(pair, ":")
		if !ok {
			continue
		}
		switch strings.TrimSpace(key) {
		case "sdk":
			a.SDK = value
		case "sdk_version":
			a.SDKVersion = value
		case "device_model":
			a.DeviceModel = value
		case "os":
			a.OS = value
		case "os_version":
			a.OSVersion = value
		case "framework":
			a.Framework = value
		case "framework_version":
			a.FrameworkVersion = value
		case "framework_sdk_version":
			a.FrameworkSDKVersion = value
		case "domain":
			a.Domain = value
		case "is_prebuilt":
			a.Prebuilt = value == "true"
		}
	}
	return a
}
