// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package fault is the catalogue of everything that can go wrong in a call.
//
// A [Kind] is one condition, declared once as data beside its prose; an [Error]
// is one occurrence of it. Kinds never carry a vendor's number: package dialect
// words them for each vendor. Ids are stable and never reused; testdata/ids.txt
// keeps them all, those of retired kinds included.
//
// Functions return plain errors made with [Kind.New] or [Kind.Wrap]. Callers
// match with errors.Is(err, fault.RoomFull) and inspect with errors.As. The one
// exit of each transport calls [From], which names the operation and turns
// anything unknown into [Internal].
//
// An occurrence has a safe part, which may be shown to the peer (kind,
// operation, details), and a cause, which is for the operator:
//
//	Error, LogValue, Record   whole story, for logs and stores
//	Safe, MarshalJSON         safe part, for replies
//
// A new kind is one literal in the file of its area, with all of its prose, one
// line in testdata/ids.txt, and its texts in German: title (titles/de.json), user's
// text (messages/de.json) and prose (prose/de, a file for each area). The tests of
// this package say what is missing; `go generate ./fault` renews what is derived.
package fault

//go:generate go run ../internal/faultdoc/gen
