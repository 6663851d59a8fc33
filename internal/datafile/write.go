// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts a small file in place of another, or of none: after a crash at any
// moment the old one is there whole, or the new one is. The new one is on the disk
// when Write returns. Only the user of this process can read it.
func Write(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return Fault(path, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
	}
	return Fault(path, err)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Key reads the key of so many bytes that a file holds, or makes one at random if
// there is no file. A file of another length is refused and left alone.
func Key(path string, bytes int) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == bytes:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("%s has %d bytes instead of %d", path, len(key), bytes)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, Fault(path, err)
	}
	key = make([]byte, bytes)
	rand.Read(key) // never fails
	if err := Write(path, key); err != nil {
		return nil, err
	}
	return key, nil
}
