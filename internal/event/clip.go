// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

// Field is a field of an event that can be shortened.
type Field int

// The fields. Those of a failure are also fields of each of its halves.
const (
	FieldExtra Field = iota // one of Extra, which has no name here
	FieldAccount
	FieldUser
	FieldUserName
	FieldPeer
	FieldRoom
	FieldSession
	FieldRoomName
	FieldTemplate
	FieldRole
	FieldDomain
	FieldAction
	FieldName
	FieldMessage
	FieldDescription
	FieldDialect
	FieldFault
	FieldOp
	FieldTrack
	FieldStream
	FieldKind
	FieldSource // of a track
	FieldDetails
)

// Clip is a field that was shortened or left out.
type Clip struct {
	Side  Source // the half whose field it is; "" for the event's own
	Field Field
	Key   string // in Extra, for FieldExtra
}
