// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/redial-rtc/redial/fault"
)

// Found is what a check says of one file.
type Found struct {
	Name  string
	Bytes int64
	Err   error // nil: it is whole
}

// Inspect reads every database of a data directory, also while a server uses it, and
// every file of a backup, and changes nothing. It fails only when the directory as
// such cannot be read; told, if not nil, hears of each file before it is read.
func Inspect(ctx context.Context, dir string, told func(name string, bytes int64)) ([]Found, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, Fault(dir, err)
	}
	names, err := files(dir)
	if err != nil {
		return nil, err
	}
	list, err := manifest(dir)
	if err != nil {
		return nil, err
	}
	var all []Found
	for _, name := range names {
		if !isDatabase(name) && list == nil {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		one := Found{Name: name}
		if info, err := os.Stat(path); err == nil {
			one.Bytes = info.Size()
		}
		if told != nil {
			told(name, one.Bytes)
		}
		if isDatabase(name) {
			one.Err = Check(ctx, path)
		}
		if i := slices.IndexFunc(list, func(c Copied) bool { return c.Name == name }); one.Err == nil && i >= 0 {
			one.Err = same(path, list[i])
			list = slices.Delete(list, i, i+1)
		}
		all = append(all, one)
		if err := ctx.Err(); err != nil {
			return all, err
		}
	}
	for _, c := range list { // named by the backup, and not there
		all = append(all, Found{Name: c.Name, Err: Fault(filepath.Join(dir, c.Name), fs.ErrNotExist)})
	}
	if len(all) == 0 {
		return nil, fault.FieldInvalid.New("field", "DIR", "reason", "holds no database", "dir", dir)
	}
	return all, nil
}

// manifest reads the list of a backup; nil for a directory that is none, or that a
// server has used since.
func manifest(dir string) ([]Copied, error) {
	if _, err := os.Stat(filepath.Join(dir, Lock)); err == nil {
		return nil, nil
	}
	path := filepath.Join(dir, Manifest)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var b backup
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	return b.Files, Fault(path, err)
}

// same compares a file with what the backup says of it.
func same(path string, want Copied) error {
	is, err := sum(path)
	if err != nil {
		return err
	}
	if is.Bytes != want.Bytes || is.SHA256 != want.SHA256 {
		err := fmt.Errorf("%s: not the file that was backed up: %d bytes of SHA-256 %s, written as %d bytes of %s", path, is.Bytes, is.SHA256, want.Bytes, want.SHA256)
		return fault.StoreDamaged.Wrap(fault.StoreUnavailable.Wrap(err))
	}
	return nil
}
