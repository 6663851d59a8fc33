// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import "cmp"

// Unlisted returns a kind that the catalogue of this program does not have, such
// as one of a newer server: it keeps the id and the words it came with, is never
// terminal and advises against trying again. Two with the same id match each
// other in errors.Is. Where the catalogue has the id, its own kind is returned.
//
// An empty id is the program's error; the kind of "catalogue.unknown" stands in.
func Unlisted(id, title string) *Kind {
	if id == "" {
		return CatalogueUnknown
	}
	if k := Lookup(id); k != nil {
		return k
	}
	return &Kind{
		ID: id, Title: cmp.Or(title, id), Area: AreaServer, Category: Server,
		What:  "The server reported a condition that this program does not know.",
		Why:   "The server is newer than this program.",
		Do:    "Update this program; until then go by the id and the words of the server.",
		User:  Internal.User,
		Retry: RetryNever,
	}
}

// Listed tells whether the catalogue of this program has the kind.
func (k *Kind) Listed() bool { return Lookup(k.ID) == k }

// Is lets two kinds that are not in the catalogue match by their id; those of the
// catalogue are matched by identity, which errors.Is does by itself.
func (k *Kind) Is(target error) bool {
	other, ok := target.(*Kind)
	return ok && other != nil && other.ID == k.ID
}
