// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"maps"
	"slices"
)

// Methods are the methods of the wire.
func Methods() []string { return slices.Sorted(maps.Keys(ops)) }

// What FuzzFrames feeds by itself.
var (
	ReadToken      = readToken
	NameIn         = nameIn
	ReadDimensions = readDimensions
)

// WatchMethods are those that only clients have who watch together.
func WatchMethods() []string { return slices.Sorted(maps.Keys(watchOps)) }
