// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

func TestTheDefaultTemplateIsValidAndComplete(t *testing.T) {
	d := policy.Default()
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d, d.Complete()) {
		t.Error("Complete finds something missing")
	}
	if got := d.RoleNames(); !slices.Equal(got, []string{"guest", "host", "viewer"}) {
		t.Errorf("roles %v", got)
	}
}

func TestWhatTheDefaultRolesMayDo(t *testing.T) {
	roles := policy.Default().Roles
	for _, name := range []string{"host", "guest"} {
		for _, kind := range []string{policy.Audio, policy.Video, policy.Screen} {
			if !roles[name].MayPublish(kind) {
				t.Errorf("%s may not publish %s", name, kind)
			}
		}
		if n := len(roles[name].Publish.Simulcast.Video.Layers); n != 3 {
			t.Errorf("%s has %d simulcast layers", name, n)
		}
	}
	viewer := roles["viewer"]
	if viewer.MayPublish(policy.Audio) || viewer.MayPublish(policy.Video) || viewer.MayPublish(policy.Screen) {
		t.Error("a viewer may publish")
	}
	for _, r := range roles {
		if !r.SubscribesTo("host") || !r.SubscribesTo("guest") || r.SubscribesTo("viewer") {
			t.Errorf("%s subscribes to %v", r.Name, r.Subscribe.ToRoles)
		}
		moderates := r.Permissions.EndRoom || r.Permissions.RemoveOthers || r.Permissions.ChangeRole || r.Permissions.Mute || r.Permissions.Unmute
		if moderates != (r.Name == "host") {
			t.Errorf("%s moderates: %v", r.Name, moderates)
		}
	}
}

func TestCompleteKeepsWhatWasChosen(t *testing.T) {
	given := policy.Template{Name: "t", Roles: map[string]policy.Role{
		"quiet": {
			Publish:   policy.Publish{Allowed: []string{}, Video: policy.VideoQuality{Width: 320, Height: 180}},
			Subscribe: policy.Subscribe{ToRoles: []string{}},
		},
		"open": {},
	}}
	got := given.Complete()
	quiet, open := got.Roles["quiet"], got.Roles["open"]
	if len(quiet.Publish.Allowed) != 0 || len(quiet.Subscribe.ToRoles) != 0 {
		t.Errorf("an empty list is a choice: %+v", quiet)
	}
	if quiet.Publish.Video.Width != 320 || quiet.Publish.Video.Height != 180 || quiet.Publish.Video.FrameRate == 0 {
		t.Errorf("video %+v", quiet.Publish.Video)
	}
	if len(open.Publish.Allowed) != 3 || !slices.Equal(open.Subscribe.ToRoles, []string{"open", "quiet"}) {
		t.Errorf("left out: %+v", open)
	}
	if given.Roles["open"].Name != "" {
		t.Error("the given template was changed")
	}
}

// Templates that come from elsewhere, and those of older versions, grant more.
func TestNoRoleMayDoWhatTheServerCannot(t *testing.T) {
	given := policy.Template{Name: "t", Roles: map[string]policy.Role{"host": {Permissions: policy.Permissions{
		EndRoom: true, HLSStreaming: true, RTMPStreaming: true, BrowserRecording: true,
	}}}}
	for _, tmpl := range []policy.Template{given.Complete(), policy.Default()} {
		p := tmpl.Roles["host"].Permissions
		if !p.EndRoom || p.HLSStreaming || p.RTMPStreaming || p.BrowserRecording {
			t.Errorf("%s: %+v", tmpl.Name, p)
		}
	}
}

func TestSeats(t *testing.T) {
	f := func(most, taken int, want bool) {
		t.Helper()
		if got := (policy.Role{MaxPeers: most}).HasSeat(taken); got != want {
			t.Errorf("%d seats, %d taken: %v", most, taken, got)
		}
	}
	f(0, 1000, true)
	f(2, 1, true)
	f(2, 2, false)
	f(policy.NoSeats, 0, false)
}

// Every check is tried in package policyjson, in the words of those who see them.
func TestValidateNamesTheFieldThatIsWrong(t *testing.T) {
	f := func(field string, spoil func(*policy.Template, *policy.Role)) {
		t.Helper()
		tmpl := policy.Default()
		host := tmpl.Roles["host"]
		spoil(&tmpl, &host)
		if tmpl.Roles != nil {
			tmpl.Roles["host"] = host
		}
		err := tmpl.Validate()
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.FieldInvalid && e.Kind != fault.FieldMissing || fmt.Sprint(e.Detail("field")) != field {
			t.Errorf("want field %s, got %v", field, err)
		}
	}
	type T = *policy.Template
	type R = *policy.Role
	f("name", func(t T, _ R) { t.Name = "a/b" })
	f("roles", func(t T, _ R) { t.Roles = nil })
	f("roles.host.max_peers", func(_ T, r R) { r.MaxPeers = -2 })
	f("roles.host.publish.allowed[3]", func(_ T, r R) { r.Publish.Allowed = append(r.Publish.Allowed, "smell") })
	f("roles.host.publish.simulcast.video.layers[2].scale_resolution_down_by", func(_ T, r R) {
		r.Publish.Simulcast.Video.Layers[2].ScaleResolutionDownBy = 2
	})
	f("settings.room_state.message_interval", func(t T, _ R) { t.Settings.RoomState.MessageInterval = -1 })
}
