// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"path/filepath"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/share"
)

// addressKey is the file of the key that addresses in the record are hashed with. A
// new one, as after the file was lost, only makes older hashes incomparable.
const addressKey = "addresses.key"

// addressHasher reads the key of a data directory, or makes one.
func addressHasher(dir string) (*evidence.Hasher, error) {
	key, err := datafile.Key(filepath.Join(dir, addressKey), evidence.KeyBytes)
	if err != nil {
		return nil, err
	}
	return evidence.NewHasher([evidence.KeyBytes]byte(key)), nil
}

// shareKey is the file of the key that links to pages about failures are sealed
// with. A new one ends all links.
const shareKey = "share.key"

// shareLinks reads the key of a data directory, or makes one.
func shareLinks(dir string) (*share.Links, error) {
	key, err := datafile.Key(filepath.Join(dir, shareKey), share.KeyBytes)
	if err != nil {
		return nil, err
	}
	return share.NewLinks([share.KeyBytes]byte(key)), nil
}
