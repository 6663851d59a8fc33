// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"cmp"
	"slices"

	"github.com/redial-rtc/redial/fault"
)

// Cause is a cause that a diagnosis can name, and how it is provoked: so that the
// diagnosis can be checked on the machine it runs on.
type Cause struct {
	ID    string // a fault's id
	About string // what is done, and when it shows
}

// Causes lists the causes that can be provoked, by id: refusals, which are their own
// causes. Those of media are not among them, since packets are dropped on purpose
// after they were counted as come, so that the evidence is not that of a network.
func Causes() []Cause {
	var all []Cause
	for _, k := range []*fault.Kind{fault.RoomFull, fault.RoleFull, fault.RoomLocked, fault.RoomDisabled, fault.TokenRole} {
		all = append(all, Cause{k.ID, "whoever joins from now on is refused so; shows at once"})
	}
	slices.SortFunc(all, func(a, b Cause) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// provoke fills in what provokes the cause that a spec names. It fails with
// fault.CatalogueUnknown, FieldInvalid where the spec says itself what is to be done,
// and InjectionImpossible, which names the causes that can be provoked.
func (s *Spec) provoke() error {
	if fault.Lookup(s.Cause) == nil {
		return fault.CatalogueUnknown.New("query", s.Cause)
	}
	all := Causes()
	i := slices.IndexFunc(all, func(c Cause) bool { return c.ID == s.Cause })
	if i < 0 {
		possible := make([]string, len(all))
		for j := range all {
			possible[j] = all[j].ID
		}
		return fault.InjectionImpossible.New("cause", s.Cause, "reason", "this server cannot bring it about", "possible", possible)
	}
	for _, f := range []struct{ field, value string }{
		{"fault", s.Fault}, {"at", s.At}, {"method", s.Method}, {"direction", s.Direction}, {"side", s.Side}, {"packets", s.Packets}, {"network", s.Network},
	} {
		if f.value != "" {
			return fault.FieldInvalid.New("field", f.field, "want", "none: the cause decides it")
		}
	}
	s.Fault = s.Cause // which has a mechanism of its own
	return nil
}
