// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package docsite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/redial-rtc/redial/docs"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

// All makes the site of this version: the pages under docs/, and one for each fault.
func All() (map[string][]byte, error) {
	sources, err := sources()
	if err != nil {
		return nil, err
	}
	return Build(sources)
}

func sources() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := fs.WalkDir(docs.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all[name], err = fs.ReadFile(docs.Files, name)
		}
		return err
	})
	faults, errFaults := faultdoc.Exported()
	for name, text := range faults {
		if path.Ext(name) == ".md" {
			all["faults/"+name] = text
		}
	}
	return all, errors.Join(err, errFaults)
}

// mark is the file by which a directory is known that Write has made.
const mark = "site.css"

// Write makes the site in a directory, which is made when it is not there, and returns
// how many files that are. A directory with other things in it is refused.
func Write(dir string) (int, error) {
	files, err := All()
	if err != nil {
		return 0, err
	}
	have, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if _, err := os.Stat(filepath.Join(dir, mark)); len(have) > 0 && err != nil {
		return 0, fmt.Errorf("%s has files in it that this command did not write; choose another directory", dir)
	}
	for name, body := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(at, body, 0o644); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}
