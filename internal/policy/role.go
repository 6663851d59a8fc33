package policy

import "slices"

// The kinds of track a role can be allowed to publish.
const (
	Audio  = "audio"
	Video  = "video"
	Screen = "screen"
)

// The RIDs of simulcast layers, from the largest picture to the smallest.
const (
	High   = "f"
	Medium = "h"
	Low    = "q"
)

// NoSeats as Role.MaxPeers lets nobody in with that role.
const NoSeats = -1

// Role is what a peer may do. Its JSON is sent to clients as it stands, so the
// names are those of the wire and every object a client dereferences exists.
type Role struct {
	Name        string      `json:"name"`
	Priority    int         `json:"priority"` // 1 is the highest; clients use it to order people
	Publish     Publish     `json:"publishParams"`
	Subscribe   Subscribe   `json:"subscribeParams"`
	Permissions Permissions `json:"permissions"`
	MaxPeers    int         `json:"maxPeerCount"` // seats for this role in one session; 0 = no limit, NoSeats = none
}

// Publish says which kinds of track a role publishes, and how.
type Publish struct {
	Allowed   []string     `json:"allowed"` // of Audio, Video and Screen
	Audio     AudioQuality `json:"audio"`
	Video     VideoQuality `json:"video"`
	Screen    VideoQuality `json:"screen"`
	Simulcast Simulcast    `json:"simulcast"`
}

// AudioQuality is how a microphone is encoded.
type AudioQuality struct {
	BitRate int    `json:"bitRate"` // kbit/s
	Codec   string `json:"codec"`   // "opus"
}

// VideoQuality is how a camera or a screen is captured and encoded.
type VideoQuality struct {
	BitRate   int    `json:"bitRate"` // kbit/s; 0 leaves it to the client
	Codec     string `json:"codec"`   // "vp8", "vp9", "h264" or "av1"
	FrameRate int    `json:"frameRate"`
	Width     int    `json:"width"`  // pixels
	Height    int    `json:"height"` // pixels
}

// Simulcast lists the encodings a publisher sends of one track. No layers
// means a single encoding.
type Simulcast struct {
	Video  Layers `json:"video"`
	Screen Layers `json:"screen"`
}

// Layers is a list of encodings, in an object because the wire has it so.
type Layers struct {
	Layers []Layer `json:"layers,omitempty"`
}

// Layer is one simulcast encoding (RFC 8853).
type Layer struct {
	RID                   string  `json:"rid"`                   // High, Medium or Low
	ScaleResolutionDownBy float64 `json:"scaleResolutionDownBy"` // 1 or more
	MaxBitrate            int     `json:"maxBitrate"`            // kbit/s
	MaxFramerate          int     `json:"maxFramerate"`
}

// Subscribe says whose media a role receives.
type Subscribe struct {
	ToRoles     []string    `json:"subscribeToRoles"`
	MaxBitRate  int         `json:"maxSubsBitRate"` // kbit/s over all tracks; 0 = no limit
	Degradation Degradation `json:"subscribeDegradation"`
}

// Degradation says when video is withheld to keep the rest flowing.
type Degradation struct {
	PacketLossThreshold int `json:"packetLossThreshold"`       // percent; 0 = never
	DegradeGrace        int `json:"degradeGracePeriodSeconds"` // how long the loss must last
	RecoverGrace        int `json:"recoverGracePeriodSeconds"` // how long the calm must last
}

// Permissions is what a role may do to others and to the session.
type Permissions struct {
	EndRoom          bool `json:"endRoom"`
	RemoveOthers     bool `json:"removeOthers"`
	Mute             bool `json:"mute"`
	Unmute           bool `json:"unmute"`
	ChangeRole       bool `json:"changeRole"`
	HLSStreaming     bool `json:"hlsStreaming"`
	RTMPStreaming    bool `json:"rtmpStreaming"`
	BrowserRecording bool `json:"browserRecording"`
	PollRead         bool `json:"pollRead"`
	PollWrite        bool `json:"pollWrite"`
	SendRoomState    bool `json:"sendRoomState"` // see who is inside before joining
}

// MayPublish tells whether the role publishes tracks of a kind: [Audio],
// [Video] or [Screen].
func (r Role) MayPublish(kind string) bool { return slices.Contains(r.Publish.Allowed, kind) }

// HasSeat tells whether one more peer may take the role when taken have it.
func (r Role) HasSeat(taken int) bool { return r.MaxPeers == 0 || taken < r.MaxPeers }

// SubscribesTo tells whether the role receives the media of peers of another.
func (r Role) SubscribesTo(role string) bool { return slices.Contains(r.Subscribe.ToRoles, role) }
