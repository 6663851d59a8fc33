// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policy

// Default is the template of rooms that name none: a host who may do
// everything that this server can, a guest who takes part, a viewer who watches.
func Default() Template {
	publishers := []string{"host", "guest"}

	host := NewRole("host")
	host.Publish.Simulcast.Video = simulcast()
	host.Subscribe.ToRoles = publishers
	host.Permissions = Permissions{
		EndRoom: true, RemoveOthers: true, Mute: true, Unmute: true, ChangeRole: true,
		PollRead: true, PollWrite: true, SendRoomState: true,
	}

	guest := NewRole("guest")
	guest.Priority = 2
	guest.Publish.Simulcast.Video = simulcast()
	guest.Subscribe.ToRoles = publishers
	guest.Permissions = Permissions{PollRead: true, SendRoomState: true}

	viewer := NewRole("viewer")
	viewer.Priority = 3
	viewer.Publish.Allowed = []string{}
	viewer.Subscribe.ToRoles = publishers
	viewer.Permissions = Permissions{PollRead: true}

	return Template{
		Name: "default", Description: "A host, guests and viewers",
		Default: true,
		Roles:   map[string]Role{host.Name: host, guest.Name: guest, viewer.Name: viewer},
		Settings: Settings{
			Region:    "auto",
			RoomState: RoomState{Enabled: true, MessageInterval: 10, SendPeerList: true, StopOnJoin: true},
		},
	}
}

// NewRole is a role with sensible qualities that publishes everything, in one
// encoding, and moderates nobody. It receives whatever the template's other
// roles send once Template.Complete has seen it.
func NewRole(name string) Role {
	return Role{
		Name:     name,
		Priority: 1,
		Publish: Publish{
			Allowed: []string{Audio, Video, Screen},
			Audio:   AudioQuality{BitRate: 32, Codec: "opus"},
			Video:   VideoQuality{BitRate: 850, Codec: "vp8", FrameRate: 30, Width: 960, Height: 540},
			Screen:  VideoQuality{BitRate: 1500, Codec: "vp8", FrameRate: 15, Width: 1920, Height: 1080},
		},
		Subscribe: Subscribe{
			MaxBitRate:  6400,
			Degradation: Degradation{PacketLossThreshold: 25, DegradeGrace: 1, RecoverGrace: 4},
		},
		Permissions: Permissions{PollRead: true},
	}
}

// simulcast is three encodings of 960x540: 540p, 270p and 135p.
func simulcast() Layers {
	return Layers{Layers: []Layer{
		{RID: High, ScaleResolutionDownBy: 1, MaxBitrate: 850, MaxFramerate: 30},
		{RID: Medium, ScaleResolutionDownBy: 2, MaxBitrate: 300, MaxFramerate: 30},
		{RID: Low, ScaleResolutionDownBy: 4, MaxBitrate: 120, MaxFramerate: 15},
	}}
}
