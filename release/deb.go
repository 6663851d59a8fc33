// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// control describes the package (deb-control(5)).
const control = `Package: redial
Version: %s
Architecture: %s
Maintainer: The Redial authors <maintainers@redial.example>
Section: net
Priority: optional
Depends: ca-certificates, systemd
Installed-Size: %d
Homepage: https://github.com/redial-rtc/redial
Description: self-hosted real-time video server whose failures are first-class
 Redial runs video calls for clients of 100ms, OpenVidu, Kurento and Sceenic, and
 makes each failure of a call typed, reproducible, recorded and explained.
`

// debs packs the program for Debian with dpkg-deb: unit, user, directories and a
// configuration that works on the machine alone.
func (r *release) debs(ctx context.Context, licences []byte) error {
	for _, platform := range r.targets {
		arch, ok := strings.CutPrefix(platform, "linux/")
		if !ok {
			continue
		}
		if err := r.deb(ctx, platform, arch, licences); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) deb(ctx context.Context, platform, arch string, licences []byte) error {
	t := tree{}
	from := func(name string) string { return filepath.Join(r.root, "packaging", name) }
	for _, f := range []struct {
		to   string
		mode os.FileMode
		from string
	}{
		{"usr/bin/redial", 0o755, r.programs[platform]},
		{"usr/lib/systemd/system/redial.service", 0o644, from("redial.service")},
		{"usr/lib/systemd/system/redial.socket", 0o644, from("redial.socket")},
		{"usr/lib/sysusers.d/redial.conf", 0o644, from("redial.sysusers")},
		{"usr/lib/tmpfiles.d/redial.conf", 0o644, from("redial.tmpfiles")},
		{"etc/redial/redial.yaml", 0o644, from("redial.yaml")},
		{"DEBIAN/conffiles", 0o644, from("deb/conffiles")},
		{"DEBIAN/postinst", 0o755, from("deb/postinst")},
		{"DEBIAN/prerm", 0o755, from("deb/prerm")},
		{"DEBIAN/postrm", 0o755, from("deb/postrm")},
	} {
		if err := t.copyFile(f.to, f.mode, f.from); err != nil {
			return err
		}
	}
	if err := r.papers(t, "usr/share/doc/redial", licences); err != nil {
		return err
	}
	t["usr/share/doc/redial/copyright"] = t["usr/share/doc/redial/LICENSE"]
	size := 0
	for _, f := range t {
		size += (len(f.data) + 1023) / 1024
	}
	// A tilde comes before the end of a version: 0.2.0~rc.1 is older than 0.2.0.
	version := strings.Replace(strings.TrimPrefix(r.version, "v"), "-", "~", 1)
	t.add("DEBIAN/control", 0o644, fmt.Appendf(nil, control, version, arch, size))

	dir := filepath.Join(r.work, "deb-"+arch)
	for _, name := range sorted(t) {
		f, path := t[name], filepath.Join(dir, filepath.FromSlash(name))
		if f.mode.IsDir() {
			if err := os.MkdirAll(path, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
		if err := os.Chmod(path, f.mode); err != nil { // whatever the umask
			return err
		}
		if err := os.Chtimes(path, r.date, r.date); err != nil {
			return err
		}
	}
	level := "-z6"
	if r.quick {
		level = "-z0"
	}
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "-Zxz", level, "--build", dir, filepath.Join(r.out, "redial_"+version+"_"+arch+".deb"))
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.date.Unix(), 10))
	cmd.Stdout, cmd.Stderr = r.log, r.log
	return cmd.Run()
}
