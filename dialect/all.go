// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "strings"

// Vendors returns the vocabularies of the vendors, in reading order.
func Vendors() []*Dialect { return []*Dialect{HMS, HMSIOS, Sceenic, OpenVidu, OpenTok} }

// All returns the vendors' vocabularies and the two that stand beside them: the
// types of recorded events, and the web platform from which the vendors take
// their reasons.
func All() []*Dialect { return []*Dialect{HMS, HMSIOS, Sceenic, OpenVidu, OpenTok, HMSEvents, Web} }

// ByName finds a dialect by its name or an alias, in any case, or nil.
func ByName(name string) *Dialect {
	for _, d := range All() {
		if strings.EqualFold(d.Name, name) {
			return d
		}
		for _, a := range d.aliases {
			if strings.EqualFold(a, name) {
				return d
			}
		}
	}
	return nil
}
