// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// spool is where reports wait on disk: one file for each session, so that
// sessions never wait for each other, named after server and room, because only
// a token of the room may deliver them. No token is written down.
type spool struct {
	dir    string
	prefix string
	file   string
}

const maxSpoolFile = 4 << 20 // bytes; a larger file is not ours

func newSpool(dir, origin, room string) *spool {
	sum := sha256.Sum256([]byte(origin + "\x00" + room))
	prefix := "redial-reports-" + hex.EncodeToString(sum[:8]) + "-"
	return &spool{dir: dir, prefix: prefix, file: filepath.Join(dir, prefix+uuid.NewString()+".json")}
}

// claim takes what other sessions left, the oldest first.
func (s *spool) claim() ([]report, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var all []report
	var problems []error
	for _, f := range files {
		name := filepath.Join(s.dir, f.Name())
		if !strings.HasPrefix(f.Name(), s.prefix) || !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		// A rename can be won by one session only.
		mine := s.file + ".claimed"
		if os.Rename(name, mine) != nil {
			continue
		}
		list, err := readSpool(mine)
		problems = append(problems, err, os.Remove(mine))
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b report) int { return int(a.Timestamp - b.Timestamp) })
	if len(all) > 0 {
		problems = append(problems, s.write(all))
	}
	return all, errors.Join(problems...)
}

func readSpool(name string) ([]report, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSpoolFile {
		return nil, errors.New("client: a file of reports is too large")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var list []report
	return list, json.Unmarshal(b, &list)
}

// write replaces the file, whole or not at all; nothing to keep removes it.
func (s *spool) write(list []report) error {
	if len(list) == 0 {
		err := os.Remove(s.file)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	next := s.file + ".new"
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.file)
}
