// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package datafile

import "io/fs"

// Elsewhere the system's own words have to do.

func access(string) error { return nil }

func owner(fs.FileInfo) (int, bool) { return 0, false }

// Space is how many bytes this process may still write to the filesystem of a
// directory, and how large that is; false where the system does not say.
func Space(string) (free, size uint64, ok bool) { return 0, 0, false }
