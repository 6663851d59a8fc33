// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import "testing"

// Whatever an id is, it is read as it was written, and no two ids are
// kept alike.
func FuzzID(f *testing.F) {
	for _, id := range []string{
		"", "u7", "customer-000123", "5d0e3c9e-3d1a-4b8e-9c11-2b6a0a3967d5", "5D0E3C9E-3D1A-4B8E-9C11-2B6A0A3967D5",
		"65af00000000000000000001", "65AF00000000000000000001", "twelve bytes", "sixteen bytes...", "{5d0e3c9e-3d1a-4b8e-9c11-2b6a0a3967d5",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var back idText
		value := idValue(id)
		if err := back.Scan(value); err != nil || string(back) != id {
			t.Errorf("%q is kept as %v and read as %q, %v", id, value, back, err)
		}
		if b, ok := value.([]byte); ok && len(b)*2 > len(id) {
			t.Errorf("%q is kept in %d bytes", id, len(b))
		}
	})
}
