// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package diagnose tells why something failed, from what both sides recorded of it.
//
// [Explain] is a pure function of one [Case]: the same case gives the same verdict
// on any machine at any time. A verdict names what it rests on, which other causes
// are excluded and why, what would show it to be wrong, and what was not known. A
// fact that is absent is not known, which is never the same as false, and "not
// known" is an answer like any other.
//
// Causes are faults of package fault. What a client says is never turned into a
// cause of the server's, and its word alone proves nothing against the server's.
package diagnose

// Version is the version of the rules. A verdict that is kept says under which
// rules it was made.
const Version = "2026-11-26"

// Explain tells why the failure of a case happened, as well as that can be known.
func Explain(c *Case) Verdict {
	v := Verdict{Event: c.Failure.ID, Confidence: NotKnown, Rules: Version, Injected: c.Failure.Injected, Says: "Why this failed is not known."}
	if c.Failure.Evidence == nil {
		v.Missing = append(v.Missing, Missing{Fact: "evidence", How: "record failures with a server that keeps evidence"})
	}
	return v
}
