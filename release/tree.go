// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// file is a file or, with a mode that says so, a directory of a tree.
type file struct {
	mode fs.FileMode
	data []byte
	uid  int // of user and group
}

// tree is files by their slash-separated paths, without a leading slash.
type tree map[string]file

// add puts a file in, and the directories above it.
func (t tree) add(name string, mode fs.FileMode, data []byte) {
	t.dirs(name)
	t[name] = file{mode: mode, data: data}
}

func (t tree) dir(name string, mode fs.FileMode, uid int) {
	t.dirs(name)
	t[name] = file{mode: mode | fs.ModeDir, uid: uid}
}

func (t tree) dirs(name string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, there := t[dir]; !there {
			t[dir] = file{mode: 0o755 | fs.ModeDir}
		}
	}
}

// copyFile puts a file of the disk in.
func (t tree) copyFile(name string, mode fs.FileMode, from string) error {
	data, err := os.ReadFile(from)
	if err == nil {
		t.add(name, mode, data)
	}
	return err
}

// copyDir puts the files below a directory of the disk in, under a path.
func (t tree) copyDir(under, dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		return t.copyFile(path.Join(under, filepath.ToSlash(below)), 0o644, name)
	})
}

// tar writes the tree, always the same bytes.
func (t tree) tar(w io.Writer, at time.Time) error {
	out := tar.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(t)) {
		f := t[name]
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: name, Mode: int64(f.mode.Perm()), Size: int64(len(f.data)), ModTime: at, Uid: f.uid, Gid: f.uid, Format: tar.FormatPAX,
		}
		if f.mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if f.mode.IsDir() {
			h.Typeflag, h.Name = tar.TypeDir, name+"/"
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := out.Write(f.data); err != nil {
			return err
		}
	}
	return out.Close()
}

// tarGz writes the tree as a compressed archive.
func (t tree) tarGz(name string, at time.Time, level int) error {
	return write(name, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, level)
		if err != nil {
			return err
		}
		if err := t.tar(z, at); err != nil {
			return err
		}
		return z.Close()
	})
}

// zip writes the tree as Windows opens it.
func (t tree) zip(name string, at time.Time) error {
	return write(name, func(w io.Writer) error {
		out := zip.NewWriter(w)
		for _, name := range slices.Sorted(maps.Keys(t)) {
			f := t[name]
			h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at}
			h.SetMode(f.mode)
			if f.mode.IsDir() {
				h.Name, h.Method = name+"/", zip.Store
			}
			one, err := out.CreateHeader(h)
			if err != nil {
				return err
			}
			if _, err := one.Write(f.data); err != nil {
				return err
			}
		}
		return out.Close()
	})
}

func write(name string, do func(io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	return do(f)
}
