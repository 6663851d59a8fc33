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

// Validate checks a complete template (see Complete) and names the field that
// is wrong: it fails with fault.FieldInvalid or fault.FieldMissing and the
// details "field" and "reason".
func (t Template) Validate() error {
	if err := ValidName("name", t.Name); err != nil {
		return err
	}
	if over := description.Over(t.Description); over != nil {
		return fault.FieldInvalid.New(append([]any{"field", "description", "reason", "too long"}, over...)...)
	}
	if len(t.Roles) == 0 {
		return fault.FieldMissing.New("field", "roles", "reason", "a template needs at least one role")
	}
	if len(t.Roles) > MaxRoles {
		return invalid("roles", "more than %d", MaxRoles)
	}
	for _, name := range t.RoleNames() {
		r, at := t.Roles[name], "roles."+name
		if r.Name != name {
			return invalid(at+".name", "differs from its key")
		}
		if err := r.validate(at); err != nil {
			return err
		}
	}
	if s := t.Settings.RoomState.MessageInterval; s < 0 || s > 3600 {
		return invalid("settings.roomState.messageInterval", "not between 0 and 3600 seconds")
	}
	return nil
}

// ValidName checks the name of a template or a role: fault.FieldMissing,
// fault.FieldInvalid.
func ValidName(field, name string) error {
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

// Validate checks a role by itself; see Template.Validate.
func (r Role) Validate() error { return r.validate("") }

func (r Role) validate(at string) error {
	in := func(field string) string { return strings.TrimPrefix(at+"."+field, ".") }
	if err := ValidName(in("name"), r.Name); err != nil {
		return err
	}
	if err := between(in("priority"), r.Priority, 1, maxPriority); err != nil {
		return err
	}
	if err := between(in("maxPeerCount"), r.MaxPeers, NoSeats, maxSeats); err != nil {
		return err
	}
	if err := r.Publish.validate(in("publishParams")); err != nil {
		return err
	}
	return r.Subscribe.validate(in("subscribeParams"))
}

func (p Publish) validate(at string) error {
	for i, kind := range p.Allowed {
		if kind != Audio && kind != Video && kind != Screen {
			return invalid(fmt.Sprintf("%s.allowed[%d]", at, i), "not one of audio, video, screen")
		}
	}
	if err := between(at+".audio.bitRate", p.Audio.BitRate, 6, 510); err != nil { // RFC 6716, section 2.1.1
		return err
	}
	if p.Audio.Codec != "opus" {
		return invalid(at+".audio.codec", "not opus")
	}
	if err := p.Video.validate(at + ".video"); err != nil {
		return err
	}
	if err := p.Screen.validate(at + ".screen"); err != nil {
		return err
	}
	if err := p.Simulcast.Video.validate(at + ".simulcast.video"); err != nil {
		return err
	}
	return p.Simulcast.Screen.validate(at + ".simulcast.screen")
}

func (q VideoQuality) validate(at string) error {
	if !slices.Contains(codecs, q.Codec) {
		return invalid(at+".codec", "not one of %s", strings.Join(codecs, ", "))
	}
	for _, c := range []struct {
		field        string
		v, low, high int
	}{
		{"bitRate", q.BitRate, 1, maxKbit},
		{"frameRate", q.FrameRate, 1, maxFPS},
		{"width", q.Width, 1, maxSide},
		{"height", q.Height, 1, maxSide},
	} {
		if err := between(at+"."+c.field, c.v, c.low, c.high); err != nil {
			return err
		}
	}
	return nil
}

// validate checks that layers go from the largest to the smallest, as clients
// and the congestion control expect.
func (l Layers) validate(at string) error {
	rank, scale := -1, 0.0
	for i, layer := range l.Layers {
		at := fmt.Sprintf("%s.layers[%d]", at, i)
		r := slices.Index(simulcastRIDs, layer.RID)
		switch {
		case r < 0:
			return invalid(at+".rid", "not one of f, h, q")
		case i == 0 && r != 0:
			return invalid(at+".rid", "the first layer must be f")
		case r <= rank:
			return invalid(at+".rid", "layers must be in the order f, h, q, each once")
		case layer.ScaleResolutionDownBy < 1 || layer.ScaleResolutionDownBy > maxDownBy:
			return invalid(at+".scaleResolutionDownBy", "not between 1 and %d", maxDownBy)
		case layer.ScaleResolutionDownBy <= scale:
			return invalid(at+".scaleResolutionDownBy", "not greater than that of the layer before")
		}
		if err := between(at+".maxBitrate", layer.MaxBitrate, 0, maxKbit); err != nil {
			return err
		}
		if err := between(at+".maxFramerate", layer.MaxFramerate, 1, maxFPS); err != nil {
			return err
		}
		rank, scale = r, layer.ScaleResolutionDownBy
	}
	return nil
}

// validate does not ask that the roles exist: roles are made one by one, and
// one may name another that comes later.
func (s Subscribe) validate(at string) error {
	if len(s.ToRoles) > MaxRoles {
		return invalid(at+".subscribeToRoles", "more than %d", MaxRoles)
	}
	for i, name := range s.ToRoles {
		if err := ValidName(fmt.Sprintf("%s.subscribeToRoles[%d]", at, i), name); err != nil {
			return err
		}
	}
	if err := between(at+".maxSubsBitRate", s.MaxBitRate, 0, 10*maxKbit); err != nil {
		return err
	}
	d := at + ".subscribeDegradation."
	if err := between(d+"packetLossThreshold", s.Degradation.PacketLossThreshold, 0, 100); err != nil {
		return err
	}
	if err := between(d+"degradeGracePeriodSeconds", s.Degradation.DegradeGrace, 0, 3600); err != nil {
		return err
	}
	return between(d+"recoverGracePeriodSeconds", s.Degradation.RecoverGrace, 0, 3600)
}

func between(field string, v, low, high int) error {
	if v < low || v > high {
		return invalid(field, "not between %d and %d", low, high)
	}
	return nil
}

func invalid(field, reason string, args ...any) error {
	return fault.FieldInvalid.New("field", field, "reason", fmt.Sprintf(reason, args...))
}
