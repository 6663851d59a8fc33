package event

import "strings"

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

// maxAgent is the longest agent text kept, in bytes.
const maxAgent = 1024

// ParseAgent reads an agent text. It never fails: what it does not know it
// leaves out, and the text itself is always kept.
func ParseAgent(s string) Agent {
	s = clip(s, maxAgent)
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
