// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
)

// Right is something that may be done in the console.
type Right string

// The rights of a console token. Each but RightInject holds those before it.
const (
	RightSupport Right = "support" // find people, read why they failed, share it
	RightRead    Right = "read"    // read everything: events, rooms, figures
	RightOperate Right = "operate" // act in running rooms, mute causes
	RightInject  Right = "inject"  // provoke faults, where the server lets them be provoked
)

// allRights are the rights there are, in order.
var allRights = []Right{RightSupport, RightRead, RightOperate, RightInject}

// Rights is a set of rights; the zero value is none.
type Rights uint8

// RightsOf is a set of some rights.
func RightsOf(list ...Right) (r Rights) {
	for _, one := range list {
		r |= 1 << slices.Index(allRights, one)
	}
	return r
}

// AllRights are all that there are.
func AllRights() Rights { return RightsOf(allRights...) }

// Named are the rights that the set names, in order.
func (r Rights) Named() (list []Right) {
	for i, one := range allRights {
		if r&(1<<i) != 0 {
			list = append(list, one)
		}
	}
	return list
}

// Held are those, and the rights that they hold.
func (r Rights) Held() []Right {
	return slices.DeleteFunc(slices.Clone(allRights), func(one Right) bool { return !r.Allow(one) })
}

// Allow tells whether the set holds a right.
func (r Rights) Allow(want Right) bool {
	i := slices.Index(allRights, want)
	if i < 0 {
		return false
	}
	if want == RightInject {
		return r&RightsOf(want) != 0
	}
	return (r&^RightsOf(RightInject))>>i != 0
}

// Within tells whether others hold all of these.
func (r Rights) Within(others Rights) bool {
	return !slices.ContainsFunc(r.Named(), func(one Right) bool { return !others.Allow(one) })
}

const wantRights = "some of support, read, operate and inject, each once"

// ParseRights reads rights by their names: fault.FieldInvalid for a name that is
// none or comes twice, and for none at all.
func ParseRights(names []string) (r Rights, err error) {
	for _, name := range names {
		one := Right(strings.TrimSpace(name))
		if !slices.Contains(allRights, one) || r&RightsOf(one) != 0 {
			return 0, fault.FieldInvalid.New("field", "rights", "want", wantRights, "got", clip(name))
		}
		r |= RightsOf(one)
	}
	if r == 0 {
		return 0, fault.FieldInvalid.New("field", "rights", "want", wantRights)
	}
	return r, nil
}

// rights reads the claim "rights" of a console token.
func rights(m jwt.MapClaims) (Rights, error) {
	list, _ := m["rights"].([]any)
	names := make([]string, len(list))
	for i, one := range list {
		names[i], _ = one.(string)
	}
	r, err := ParseRights(names)
	if err != nil {
		return 0, fault.TokenClaim.New("claim", "rights", "want", wantRights)
	}
	return r, nil
}
