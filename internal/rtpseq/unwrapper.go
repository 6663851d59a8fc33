// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpseq

// Unwrapper extends 16-bit counters to 64 bits (RFC 3550, appendix A.1).
type Unwrapper struct {
	Highest uint64
	Begun   bool
}

// Extend returns the extended number and moves on. The first number is put high
// enough that late ones before it do not run below zero.
func (u *Unwrapper) Extend(n uint16) uint64 {
	if !u.Begun {
		u.Begun = true
		u.Highest = 1<<16 | uint64(n)
		return u.Highest
	}
	x := ExtendNear(u.Highest, n)
	u.Highest = max(u.Highest, x)
	return x
}

// ExtendNear is the number closest to near whose low 16 bits are n.
func ExtendNear(near uint64, n uint16) uint64 {
	return near + uint64(int64(int16(n-uint16(near))))
}
