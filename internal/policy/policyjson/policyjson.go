// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package policyjson is templates as JSON, in the form that the 100ms REST API and
// its clients know: the roles of a template, its settings, and what the faults
// say of either.
//
// The REST API and the 100ms wire show this form as it stands, and the registry
// keeps it, so that a template is on the disk as its author wrote it. Every object
// a client looks into exists.
package policyjson

import "github.com/redial-rtc/redial/internal/policy"

// Role is a [policy.Role].
type Role struct {
	Name        string      `json:"name"`
	Priority    int         `json:"priority"`
	Publish     Publish     `json:"publishParams"`
	Subscribe   Subscribe   `json:"subscribeParams"`
	Permissions Permissions `json:"permissions"`
	MaxPeers    int         `json:"maxPeerCount"`
}

// Publish is a [policy.Publish].
type Publish struct {
	Allowed   []string     `json:"allowed"`
	Audio     AudioQuality `json:"audio"`
	Video     VideoQuality `json:"video"`
	Screen    VideoQuality `json:"screen"`
	Simulcast Simulcast    `json:"simulcast"`
}

// AudioQuality is a [policy.AudioQuality].
type AudioQuality struct {
	BitRate int    `json:"bitRate"` // kbit/s
	Codec   string `json:"codec"`
}

// VideoQuality is a [policy.VideoQuality].
type VideoQuality struct {
	BitRate   int    `json:"bitRate"` // kbit/s
	Codec     string `json:"codec"`
	FrameRate int    `json:"frameRate"`
	Width     int    `json:"width"`  // pixels
	Height    int    `json:"height"` // pixels
}

// Simulcast is a [policy.Simulcast].
type Simulcast struct {
	Video  Layers `json:"video"`
	Screen Layers `json:"screen"`
}

// Layers is a [policy.Layers].
type Layers struct {
	Layers []Layer `json:"layers,omitempty"`
}

// Layer is a [policy.Layer].
type Layer struct {
	RID                   string  `json:"rid"`
	ScaleResolutionDownBy float64 `json:"scaleResolutionDownBy"`
	MaxBitrate            int     `json:"maxBitrate"` // kbit/s
	MaxFramerate          int     `json:"maxFramerate"`
}

// Subscribe is a [policy.Subscribe].
type Subscribe struct {
	ToRoles     []string    `json:"subscribeToRoles"`
	MaxBitRate  int         `json:"maxSubsBitRate"` // kbit/s
	Degradation Degradation `json:"subscribeDegradation"`
}

// Degradation is a [policy.Degradation].
type Degradation struct {
	PacketLossThreshold int `json:"packetLossThreshold"` // percent
	DegradeGrace        int `json:"degradeGracePeriodSeconds"`
	RecoverGrace        int `json:"recoverGracePeriodSeconds"`
}

// Permissions is a [policy.Permissions].
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
	SendRoomState    bool `json:"sendRoomState"`
}

// Settings is a [policy.Settings].
type Settings struct {
	Region    string    `json:"region"`
	RoomState RoomState `json:"roomState"`
}

// RoomState is a [policy.RoomState].
type RoomState struct {
	Enabled         bool `json:"enabled"`
	MessageInterval int  `json:"messageInterval"` // seconds
	SendPeerList    bool `json:"sendPeerList"`
	StopOnJoin      bool `json:"stopRoomStateOnJoin"`
}

// OfRoles is the roles of a template in this form, by name.
func OfRoles(roles map[string]policy.Role) map[string]Role { return each(roles, OfRole) }

// Policy is the roles that are written so.
func Policy(roles map[string]Role) map[string]policy.Role { return each(roles, Role.Policy) }

// OfRole is a role in this form.
func OfRole(r policy.Role) Role {
	return Role{
		Name: r.Name, Priority: r.Priority, MaxPeers: r.MaxPeers, Permissions: Permissions(r.Permissions),
		Publish: Publish{
			Allowed: r.Publish.Allowed, Audio: AudioQuality(r.Publish.Audio),
			Video: VideoQuality(r.Publish.Video), Screen: VideoQuality(r.Publish.Screen),
			Simulcast: Simulcast{ofLayers(r.Publish.Simulcast.Video), ofLayers(r.Publish.Simulcast.Screen)},
		},
		Subscribe: Subscribe{r.Subscribe.ToRoles, r.Subscribe.MaxBitRate, Degradation(r.Subscribe.Degradation)},
	}
}

// Policy is the role that is written so.
func (r Role) Policy() policy.Role {
	return policy.Role{
		Name: r.Name, Priority: r.Priority, MaxPeers: r.MaxPeers, Permissions: policy.Permissions(r.Permissions),
		Publish: policy.Publish{
			Allowed: r.Publish.Allowed, Audio: policy.AudioQuality(r.Publish.Audio),
			Video: policy.VideoQuality(r.Publish.Video), Screen: policy.VideoQuality(r.Publish.Screen),
			Simulcast: policy.Simulcast{Video: r.Publish.Simulcast.Video.policy(), Screen: r.Publish.Simulcast.Screen.policy()},
		},
		Subscribe: policy.Subscribe{
			ToRoles: r.Subscribe.ToRoles, MaxBitRate: r.Subscribe.MaxBitRate, Degradation: policy.Degradation(r.Subscribe.Degradation),
		},
	}
}

// OfSettings is the settings of a template in this form.
func OfSettings(s policy.Settings) Settings { return Settings{s.Region, RoomState(s.RoomState)} }

// Policy is the settings that are written so.
func (s Settings) Policy() policy.Settings {
	return policy.Settings{Region: s.Region, RoomState: policy.RoomState(s.RoomState)}
}

func ofLayers(l policy.Layers) Layers {
	return Layers{list(l.Layers, func(l policy.Layer) Layer { return Layer(l) })}
}

func (l Layers) policy() policy.Layers {
	return policy.Layers{Layers: list(l.Layers, func(l Layer) policy.Layer { return policy.Layer(l) })}
}

// list and each convert a list and a map; none stays none.
func list[A, B any](from []A, f func(A) B) []B {
	if from == nil {
		return nil
	}
	to := make([]B, 0, len(from))
	for _, v := range from {
		to = append(to, f(v))
	}
	return to
}

func each[A, B any](from map[string]A, f func(A) B) map[string]B {
	if from == nil {
		return nil
	}
	to := make(map[string]B, len(from))
	for k, v := range from {
		to[k] = f(v)
	}
	return to
}
