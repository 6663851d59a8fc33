// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// archives packs the program of each platform with what people read first.
func (r *release) archives(_ context.Context, licences []byte) error {
	for platform, program := range r.programs {
		base := "redial-" + r.version + "-" + strings.ReplaceAll(platform, "/", "-")
		t := tree{}
		name := "redial"
		if strings.HasPrefix(platform, "windows/") {
			name += ".exe"
		}
		if err := t.copyFile(base+"/"+name, 0o755, program); err != nil {
			return err
		}
		if err := r.papers(t, base, licences); err != nil {
			return err
		}
		var err error
		if strings.HasPrefix(platform, "windows/") {
			err = t.zip(filepath.Join(r.out, base+".zip"), r.date)
		} else {
			err = t.tarGz(filepath.Join(r.out, base+".tar.gz"), r.date, r.level())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// papers adds what a copy of the program has to come with.
func (r *release) papers(t tree, dir string, licences []byte) error {
	for _, name := range []string{"LICENSE", "NOTICE", "README.md", "CHANGELOG.md"} {
		if err := t.copyFile(dir+"/"+name, 0o644, filepath.Join(r.root, name)); err != nil {
			return err
		}
	}
	t.add(dir+"/LICENCES.txt", 0o644, licences)
	return nil
}

// licences collects the licences of all modules that the program contains, and of
// the packages in its pages.
func (r *release) licences(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Module", "./cmd/redial")
	cmd.Dir, cmd.Stderr = r.root, r.log
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	type module struct {
		Path, Version, Dir string
		Main               bool
	}
	texts := map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module == nil || p.Module.Main {
			continue
		}
		name := p.Module.Path + " " + p.Module.Version
		if texts[name] == "" {
			if texts[name], err = licence(p.Module.Dir); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	var b bytes.Buffer
	rule := strings.Repeat("-", 72)
	for _, name := range sorted(texts) {
		fmt.Fprintf(&b, "%s\n%s\n%s\n\n%s\n\n", rule, name, rule, strings.TrimSpace(texts[name]))
	}
	web, err := os.ReadFile(filepath.Join(r.root, "internal/pages/dist/licences.txt"))
	return append(b.Bytes(), web...), err
}

// licence reads what a module says of itself, its notice too (Apache-2.0, section 4d).
func licence(dir string) (string, error) {
	var all []string
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "PATENTS"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil || info.IsDir() {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return "", err
			}
			all = append(all, string(text))
		}
	}
	if len(all) == 0 {
		return "", errors.New("has no licence")
	}
	return strings.Join(all, "\n"), nil
}

// faults packs the catalogue: its pages, and JSON.
func (r *release) faults(ctx context.Context, _ []byte) error {
	program := r.programs[runtime.GOOS+"/"+runtime.GOARCH]
	if program == "" {
		return fmt.Errorf("takes the program for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	dir := filepath.Join(r.work, "faults")
	if _, err := r.tell(ctx, r.root, program, "faults", "-write", dir); err != nil {
		return err
	}
	base := "redial-" + r.version + "-faults"
	t := tree{}
	if err := t.copyDir(base, dir); err != nil {
		return err
	}
	return t.tarGz(filepath.Join(r.out, base+".tar.gz"), r.date, r.level())
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
