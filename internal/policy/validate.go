// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// Limits of a template.
const (
	MaxRoles    = 50
	maxPriority = 1000
	maxSeats    = 1_000_000
	maxSide     = 8192 // pixels
	maxFPS      = 120
	maxKbit     = 100_000
	maxDownBy   = 16
)

// Limits of texts, in characters as people see them.
var (
	names       = text.Of(128)
	description = text.Of(1024)
)

// simulcastRIDs is the order in which layers are listed, the largest first.
var simulcastRIDs = []string{High, Medium, Low}

// codecs a quality may name.
var codecs = []string{"vp8", "vp9", "h264", "av1"}

// Field names a part of a template. Whoever reports it words it in the form that
// the template came in.
type Field struct {
	Role string // the role whose part it is; "" is the template itself
	Path string // from there, in words joined by dots, such as "publish.video.width"
}

// String names the field as plainly as this package does.
func (f Field) String() string {
	if f.Role == "" {
		return f.Path
	}
	return "roles." + f.Role + "." + f.Path
}

// MarshalText is String, for records of a fault.
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// in is a field of this one.
func (f Field) in(name string, args ...any) Field {
	if f.Path != "" {
		name = f.Path + "." + name
	}
	f.Path = fmt.Sprintf(name, args...)
	return f
}

// Validate checks a complete template (see Complete) and names the field that
// is wrong: it fails with fault.FieldInvalid or fault.FieldMissing and the
// details "field", which is a [Field], and "reason".
func (t Template) Validate() error {
	if err := validName(Field{Path: "name"}, t.Name); err != nil {
		return err
	}
	if over := description.Over(t.Description); over != nil {
		return fault.FieldInvalid.New(append([]any{"field", Field{Path: "description"}, "reason", "too long"}, over...)...)
	}
	if len(t.Roles) == 0 {
		return fault.FieldMissing.New("field", Field{Path: "roles"}, "reason", "a template needs at least one role")
	}
	if len(t.Roles) > MaxRoles {
		return invalid(Field{Path: "roles"}, "more than %d", MaxRoles)
	}
	for _, name := range t.RoleNames() {
		r, at := t.Roles[name], Field{Role: name}
		if r.Name != name {
			return invalid(at.in("name"), "differs from its key")
		}
		if err := r.validate(at); err != nil {
			return err
		}
	}
	if s := t.Settings.RoomState.MessageInterval; s < 0 || s > 3600 {
		return invalid(Field{Path: "settings.room_state.message_interval"}, "not between 0 and 3600 seconds")
	}
	return nil
}

// validName checks the name of a template or a role.
func validName(field Field, name string) error {
	if name == "" {
		return fault.FieldMissing.New("field", field)
	}
	if over := names.Over(name); over != nil {
		return fault.FieldInvalid.New(append([]any{"field", field, "reason", "too long"}, over...)...)
	}
	for _, c := range name {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune(" -._:", c) {
			return invalid(field, "only a-z, A-Z, 0-9, space and -._: are allowed")
		}
	}
	return nil
}

func (r Role) validate(at Field) error {
	if err := validName(at.in("name"), r.Name); err != nil {
		return err
	}
	if err := between(at.in("priority"), r.Priority, 1, maxPriority); err != nil {
		return err
	}
	if err := between(at.in("max_peers"), r.MaxPeers, NoSeats, maxSeats); err != nil {
		return err
	}
	if err := r.Publish.validate(at.in("publish")); err != nil {
		return err
	}
	return r.Subscribe.validate(at.in("subscribe"))
}

func (p Publish) validate(at Field) error {
	for i, kind := range p.Allowed {
		if kind != Audio && kind != Video && kind != Screen {
			return invalid(at.in("allowed[%d]", i), "not one of audio, video, screen")
		}
	}
	if err := between(at.in("audio.bit_rate"), p.Audio.BitRate, 6, 510); err != nil { // RFC 6716, section 2.1.1
		return err
	}
	if p.Audio.Codec != "opus" {
		return invalid(at.in("audio.codec"), "not opus")
	}
	if err := p.Video.validate(at.in("video")); err != nil {
		return err
	}
	if err := p.Screen.validate(at.in("screen")); err != nil {
		return err
	}
	if err := p.Simulcast.Video.validate(at.in("simulcast.video")); err != nil {
		return err
	}
	return p.Simulcast.Screen.validate(at.in("simulcast.screen"))
}

func (q VideoQuality) validate(at Field) error {
	if !slices.Contains(codecs, q.Codec) {
		return invalid(at.in("codec"), "not one of %s", strings.Join(codecs, ", "))
	}
	for _, c := range []struct {
		field        string
		v, low, high int
	}{
		{"bit_rate", q.BitRate, 1, maxKbit},
		{"frame_rate", q.FrameRate, 1, maxFPS},
		{"width", q.Width, 1, maxSide},
		{"height", q.Height, 1, maxSide},
	} {
		if err := between(at.in(c.field), c.v, c.low, c.high); err != nil {
			return err
		}
	}
	return nil
}

// validate checks that layers go from the largest to the smallest, as clients
// and the congestion control expect.
func (l Layers) validate(at Field) error {
	rank, scale := -1, 0.0
	for i, layer := range l.Layers {
		at := at.in("layers[%d]", i)
		r := slices.Index(simulcastRIDs, layer.RID)
		switch {
		case r < 0:
			return invalid(at.in("rid"), "not one of f, h, q")
		case i == 0 && r != 0:
			return invalid(at.in("rid"), "the first layer must be f")
		case r <= rank:
			return invalid(at.in("rid"), "layers must be in the order f, h, q, each once")
		case layer.ScaleResolutionDownBy < 1 || layer.ScaleResolutionDownBy > maxDownBy:
			return invalid(at.in("scale_resolution_down_by"), "not between 1 and %d", maxDownBy)
		case layer.ScaleResolutionDownBy <= scale:
			return invalid(at.in("scale_resolution_down_by"), "not greater than that of the layer before")
		}
		if err := between(at.in("max_bitrate"), layer.MaxBitrate, 0, maxKbit); err != nil {
			return err
		}
		if err := between(at.in("max_framerate"), layer.MaxFramerate, 1, maxFPS); err != nil {
			return err
		}
		rank, scale = r, layer.ScaleResolutionDownBy
	}
	return nil
}

// validate does not ask that the roles exist: roles are made one by one, and
// one may name another that comes later.
func (s Subscribe) validate(at Field) error {
	if len(s.ToRoles) > MaxRoles {
		return invalid(at.in("to_roles"), "more than %d", MaxRoles)
	}
	for i, name := range s.ToRoles {
		if err := validName(at.in("to_roles[%d]", i), name); err != nil {
			return err
		}
	}
	if err := between(at.in("max_bit_rate"), s.MaxBitRate, 0, 10*maxKbit); err != nil {
		return err
	}
	d := at.in("degradation")
	if err := between(d.in("packet_loss_threshold"), s.Degradation.PacketLossThreshold, 0, 100); err != nil {
		return err
	}
	if err := between(d.in("degrade_grace_seconds"), s.Degradation.DegradeGrace, 0, 3600); err != nil {
		return err
	}
	return between(d.in("recover_grace_seconds"), s.Degradation.RecoverGrace, 0, 3600)
}

func between(field Field, v, low, high int) error {
	if v < low || v > high {
		return invalid(field, "not between %d and %d", low, high)
	}
	return nil
}

func invalid(field Field, reason string, args ...any) error {
	return fault.FieldInvalid.New("field", field, "reason", fmt.Sprintf(reason, args...))
}
