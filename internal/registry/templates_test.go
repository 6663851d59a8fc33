// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/policy"
)

// class is the template that testdata holds: in registry.db.gz, which an earlier
// version wrote, and as its document in class.json.
func class() map[string]policy.Role {
	teacher := policy.Role{
		Name: "teacher", Priority: 7, MaxPeers: 3,
		Publish: policy.Publish{
			Allowed: []string{policy.Audio, policy.Screen}, Audio: policy.AudioQuality{BitRate: 48, Codec: "opus"},
			Video:  policy.VideoQuality{BitRate: 701, Codec: "h264", FrameRate: 24, Width: 1280, Height: 720},
			Screen: policy.VideoQuality{BitRate: 1502, Codec: "vp9", FrameRate: 5, Width: 1920, Height: 1080},
			Simulcast: policy.Simulcast{
				Video: policy.Layers{Layers: []policy.Layer{
					{RID: policy.High, ScaleResolutionDownBy: 1, MaxBitrate: 700, MaxFramerate: 24},
					{RID: policy.Low, ScaleResolutionDownBy: 2.5, MaxBitrate: 200, MaxFramerate: 12},
				}},
				Screen: policy.Layers{Layers: []policy.Layer{{RID: policy.High, ScaleResolutionDownBy: 1.5, MaxBitrate: 900, MaxFramerate: 5}}},
			},
		},
		Subscribe: policy.Subscribe{
			ToRoles: []string{"student"}, MaxBitRate: 3200,
			Degradation: policy.Degradation{PacketLossThreshold: 11, DegradeGrace: 2, RecoverGrace: 6},
		},
		Permissions: policy.Permissions{
			EndRoom: true, RemoveOthers: true, Mute: true, Unmute: true, ChangeRole: true,
			PollRead: true, PollWrite: true, SendRoomState: true,
		},
	}
	student := policy.Role{MaxPeers: policy.NoSeats, Publish: policy.Publish{Allowed: []string{}}}
	return policy.Template{Roles: map[string]policy.Role{"teacher": teacher, "student": student}}.Complete().Roles
}

// TestTemplatesOfEarlierVersions opens a registry that an earlier version wrote,
// and wants what that version would have written for the same template.
func TestTemplatesOfEarlierVersions(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Open("testdata/" + File + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, File), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := fixture(t, dir)
	found, err := r.ListTemplates(t.Context(), TemplateQuery{CustomerID: "acme", Name: "class"})
	if err != nil || len(found.Data) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	was := found.Data[0]
	settings := policy.Settings{Region: "eu", RoomState: policy.RoomState{Enabled: true, MessageInterval: 12, SendPeerList: true, StopOnJoin: true}}
	if !reflect.DeepEqual(was.Roles, class()) || was.Settings != settings || was.Description != "A teacher and students" {
		t.Errorf("read: %+v", was)
	}
	standard, err := r.DefaultTemplate(t.Context(), "acme")
	if err != nil || !reflect.DeepEqual(standard.Roles, policy.Default().Roles) {
		t.Errorf("the default: %+v, %v", standard, err)
	}

	made, err := r.CreateTemplate(t.Context(), policy.Template{
		CustomerID: "umbrella", Name: "class", Description: "A teacher and students", Roles: class(), Settings: settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/class.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{was.ID, made.ID} {
		var doc string
		if err := r.read.QueryRow(`SELECT doc FROM templates WHERE id = ?`, id).Scan(&doc); err != nil || doc != strings.TrimSpace(string(want)) {
			t.Errorf("%v: %s holds %s\nwant %s", err, id, doc, want)
		}
	}
}
