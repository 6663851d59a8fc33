// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policyjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
)

// same reads a file that an earlier version wrote into form, and wants what
// again gives of it to be written as it was.
func same[F any](t *testing.T, file string, again func(F) F) {
	t.Helper()
	was, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var form F
	if err := json.Unmarshal(was, &form); err != nil {
		t.Fatal(err)
	}
	now, err := json.Marshal(again(form))
	if err != nil || !bytes.Equal(now, bytes.TrimSpace(was)) {
		t.Errorf("%s: %v\n%s\nwas\n%s", file, err, now, was)
	}
}

// TestTheFormStays compares with roles and settings as they were sent while their
// types were those of package policy, byte for byte.
func TestTheFormStays(t *testing.T) {
	same(t, "roles.json", func(r map[string]policyjson.Role) map[string]policyjson.Role {
		return policyjson.OfRoles(policyjson.Policy(r))
	})
	same(t, "settings.json", func(s policyjson.Settings) policyjson.Settings { return policyjson.OfSettings(s.Policy()) })
}

// TestNothingIsLost gives every part of a role and of the settings a value and
// wants it back: whoever adds a field to package policy is told to add it here.
func TestNothingIsLost(t *testing.T) {
	var r policy.Role
	fill(reflect.ValueOf(&r).Elem(), new(int))
	if got := policyjson.OfRole(r).Policy(); !reflect.DeepEqual(got, r) {
		t.Errorf("got  %+v\nwant %+v", got, r)
	}
	var s policy.Settings
	fill(reflect.ValueOf(&s).Elem(), new(int))
	if got := policyjson.OfSettings(s).Policy(); !reflect.DeepEqual(got, s) {
		t.Errorf("got  %+v\nwant %+v", got, s)
	}
	if got := policyjson.OfRole(policy.Role{}).Policy(); !reflect.DeepEqual(got, policy.Role{}) {
		t.Errorf("nothing becomes %+v", got)
	}
}

// fill sets every part of a value to something of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString(strings.Repeat("x", *n))
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("a role holds a " + v.Kind().String())
	}
}

// Clients look into each of these objects without asking whether it is there.
func TestARoleOnTheWireHasEveryObjectAClientDereferences(t *testing.T) {
	tmpl := policy.Template{Name: "bare", Roles: map[string]policy.Role{"anyone": {}}}.Complete()
	raw, err := json.Marshal(policyjson.OfRole(tmpl.Roles["anyone"]))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]string{
		{"name"}, {"priority"}, {"permissions", "endRoom"}, {"permissions", "pollWrite"},
		{"publishParams", "allowed"},
		{"publishParams", "audio", "bitRate"}, {"publishParams", "audio", "codec"},
		{"publishParams", "video", "width"}, {"publishParams", "video", "frameRate"},
		{"publishParams", "screen", "height"}, {"publishParams", "screen", "codec"},
		{"publishParams", "simulcast", "video"}, {"publishParams", "simulcast", "screen"},
		{"subscribeParams", "subscribeToRoles"}, {"subscribeParams", "maxSubsBitRate"},
	} {
		at := any(got)
		for _, key := range path {
			m, ok := at.(map[string]any)
			if !ok || m[key] == nil {
				t.Errorf("%v: missing in %s", path, raw)
				break
			}
			at = m[key]
		}
	}
}

// TestAFaultNamesTheFieldAsItWasSent spoils a template and wants the field in the
// words of its author.
func TestAFaultNamesTheFieldAsItWasSent(t *testing.T) {
	f := func(field string, spoil func(*policy.Template, *policy.Role)) {
		t.Helper()
		tmpl := policy.Default()
		host := tmpl.Roles["host"]
		spoil(&tmpl, &host)
		if tmpl.Roles != nil {
			tmpl.Roles["host"] = host
		}
		was := tmpl.Validate()
		e, ok := errors.AsType[*fault.Error](policyjson.Word(was))
		if !ok || e.Detail("field") != field {
			t.Errorf("want field %s, got %v", field, e)
		}
	}
	type T = *policy.Template
	type R = *policy.Role
	f("name", func(t T, _ R) { t.Name = "" })
	f("name", func(t T, _ R) { t.Name = "a/b" })
	f("roles", func(t T, _ R) { t.Roles = nil })
	f("roles.host.name", func(_ T, r R) { r.Name = "boss" })
	f("roles.host.priority", func(_ T, r R) { r.Priority = 0 })
	f("roles.host.maxPeerCount", func(_ T, r R) { r.MaxPeers = -2 })
	f("roles.host.publishParams.allowed[3]", func(_ T, r R) { r.Publish.Allowed = append(r.Publish.Allowed, "smell") })
	f("roles.host.publishParams.audio.bitRate", func(_ T, r R) { r.Publish.Audio.BitRate = 1 })
	f("roles.host.publishParams.audio.codec", func(_ T, r R) { r.Publish.Audio.Codec = "mp3" })
	f("roles.host.publishParams.video.width", func(_ T, r R) { r.Publish.Video.Width = -1 })
	f("roles.host.publishParams.video.codec", func(_ T, r R) { r.Publish.Video.Codec = "theora" })
	f("roles.host.publishParams.screen.frameRate", func(_ T, r R) { r.Publish.Screen.FrameRate = 1000 })
	f("roles.host.publishParams.simulcast.video.layers[0].rid", func(_ T, r R) { r.Publish.Simulcast.Video.Layers[0].RID = "x" })
	f("roles.host.publishParams.simulcast.video.layers[0].rid", func(_ T, r R) {
		r.Publish.Simulcast.Video.Layers = r.Publish.Simulcast.Video.Layers[1:]
	})
	f("roles.host.publishParams.simulcast.video.layers[1].rid", func(_ T, r R) { r.Publish.Simulcast.Video.Layers[1].RID = "f" })
	f("roles.host.publishParams.simulcast.video.layers[2].scaleResolutionDownBy", func(_ T, r R) {
		r.Publish.Simulcast.Video.Layers[2].ScaleResolutionDownBy = 2
	})
	f("roles.host.publishParams.simulcast.video.layers[0].maxFramerate", func(_ T, r R) { r.Publish.Simulcast.Video.Layers[0].MaxFramerate = 0 })
	f("roles.host.subscribeParams.subscribeToRoles[0]", func(_ T, r R) { r.Subscribe.ToRoles = []string{""} })
	f("roles.host.subscribeParams.maxSubsBitRate", func(_ T, r R) { r.Subscribe.MaxBitRate = -1 })
	f("roles.host.subscribeParams.subscribeDegradation.packetLossThreshold", func(_ T, r R) { r.Subscribe.Degradation.PacketLossThreshold = 101 })
	f("settings.roomState.messageInterval", func(t T, _ R) { t.Settings.RoomState.MessageInterval = -1 })
}

func TestAFaultNamesThePermissionAsItWasGiven(t *testing.T) {
	for permission, want := range map[policy.Permission]string{
		policy.ChangeRole: "changeRole", policy.EndRoom: "endRoom", policy.RemoveOthers: "removeOthers", policy.Mute: "mute",
		policy.Unmute: "unmute", policy.PollRead: "pollRead", policy.PollWrite: "pollWrite",
	} {
		err := policyjson.Word(fault.NotPermitted.New("role", "guest", "permission", string(permission)))
		if f, _ := errors.AsType[*fault.Error](err); f.Detail("permission") != want || f.Detail("role") != "guest" {
			t.Errorf("%s is worded %v", permission, err)
		}
		var p policyjson.Permissions
		if err := json.Unmarshal([]byte(`{"`+want+`":true}`), &p); err != nil || !policy.Permissions(p).Has(permission) {
			t.Errorf("%s is not given by %s: %v", permission, want, err)
		}
	}
	around := fmt.Errorf("around: %w", fault.RoleNotFound.New("role", "guest"))
	if policyjson.Word(nil) != nil || policyjson.Word(io.EOF) != io.EOF || policyjson.Word(around) != around {
		t.Error("other errors are changed")
	}
}
