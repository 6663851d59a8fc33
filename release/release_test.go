// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// version is that of the releases of these tests.
const version = "v9.8.7-rc.1"

// prepared is a release of a program that is built already.
func prepared(t *testing.T) *release {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the packages are for Linux")
	}
	r := &release{version: version, quick: true, targets: []string{"linux/" + runtime.GOARCH}, log: t.Output(), programs: map[string]string{}, work: t.TempDir()}
	if err := r.locate(t.Context(), "build/release-test-"+strconv.Itoa(os.Getpid()), true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(r.out) })
	program := os.Getenv("REDIAL_BINARY") // the test command builds one for all tests
	if program == "" || !static(program) {
		if err := r.compile(t.Context(), r.targets[0]); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r.programs[r.targets[0]] = program
	return r
}

// static tells whether a program needs no libraries.
func static(program string) bool {
	f, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	return err == nil && len(libraries) == 0 && f.Section(".interp") == nil
}

// TestPackages builds what there is for Linux, twice: the bytes are the same, and
// what is in them runs.
func TestPackages(t *testing.T) {
	r := prepared(t)
	licences, err := r.licences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	build := func() map[string][]byte {
		t.Helper()
		for _, step := range []func() error{
			func() error { return r.archives(t.Context(), licences) },
			func() error { return r.debs(t.Context(), licences) },
			func() error { return r.image(t.Context(), licences) },
			func() error { return r.faults(t.Context(), nil) },
			r.sums,
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		all := map[string][]byte{}
		entries, err := os.ReadDir(r.out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if all[e.Name()], err = os.ReadFile(filepath.Join(r.out, e.Name())); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(r.out, e.Name()))
			_ = os.RemoveAll(filepath.Join(r.work, "image"))
			_ = os.RemoveAll(filepath.Join(r.work, "deb-"+runtime.GOARCH))
		}
		return all
	}
	first, second := build(), build()
	if len(first) != 5 {
		t.Errorf("built are %v", sorted(first))
	}
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s is not the same twice", name)
		}
	}
	base := "redial-" + version
	t.Run("archive", func(t *testing.T) { archiveIsWhole(t, first[base+"-linux-"+runtime.GOARCH+".tar.gz"]) })
	t.Run("catalogue", func(t *testing.T) {
		if got := names(t, first[base+"-faults.tar.gz"]); len(got) < 200 {
			t.Errorf("%d files", len(got))
		}
	})
	t.Run("image", func(t *testing.T) { imageRuns(t, first[base+"-image.tar"]) })
	t.Run("deb", func(t *testing.T) { packageIsWhole(t, first["redial_9.8.7~rc.1_"+runtime.GOARCH+".deb"]) })
}

func names(t *testing.T, targz []byte) []string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(targz))
	if err != nil {
		t.Fatal(err)
	}
	return sorted(unpack(t, z, ""))
}

// unpack reads a tar and, given a directory, writes what is in it there.
func unpack(t *testing.T, from io.Reader, dir string) map[string]*tar.Header {
	t.Helper()
	all := map[string]*tar.Header{}
	for in := tar.NewReader(from); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[strings.Trim(h.Name, "/")] = h
		if dir == "" {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, h.FileInfo().Mode().Perm())
		} else {
			var data []byte
			if data, err = io.ReadAll(in); err == nil {
				err = os.WriteFile(path, data, h.FileInfo().Mode().Perm())
			}
		}
		if err == nil && os.Getuid() == 0 {
			err = os.Chown(path, h.Uid, h.Gid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func archiveIsWhole(t *testing.T, data []byte) {
	all := strings.Join(names(t, data), "\n")
	for _, name := range []string{"redial", "LICENSE", "NOTICE", "LICENCES.txt", "README.md", "CHANGELOG.md"} {
		if want := "redial-" + version + "-linux-" + runtime.GOARCH + "/" + name; !strings.Contains(all, want) {
			t.Errorf("%s is missing of\n%s", want, all)
		}
	}
}

// mostImage is how large the image may be, in bytes.
const mostImage = 40 << 20

// imageRuns unpacks the image as a runtime does, and serves from it as its user,
// who can read nothing else.
func imageRuns(t *testing.T, data []byte) {
	if len(data) > mostImage {
		t.Errorf("%d bytes", len(data))
	}
	dir := t.TempDir()
	unpack(t, bytes.NewReader(data), dir)
	blob := func(digest string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, "blobs", strings.ReplaceAll(digest, ":", "/")))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	type descriptor struct {
		Digest   string
		Platform struct{ OS, Architecture string }
	}
	var index struct{ Manifests []descriptor }
	read := func(b []byte, into any) {
		t.Helper()
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	top, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	read(top, &index)
	read(blob(index.Manifests[0].Digest), &index)
	if p := index.Manifests[0].Platform; len(index.Manifests) != 1 || p.OS != "linux" || p.Architecture != runtime.GOARCH {
		t.Fatalf("images %+v", index.Manifests)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	read(blob(index.Manifests[0].Digest), &manifest)
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
			Cmd        []string
			Volumes    map[string]any
		}
	}
	read(blob(manifest.Config.Digest), &config)
	if c := config.Config; c.User != "65532:65532" || c.Volumes["/data"] == nil || len(manifest.Layers) != 1 {
		t.Fatalf("config %+v, %d layers", c, len(manifest.Layers))
	}

	if os.Getuid() != 0 {
		t.Skip("to change the root directory takes root")
	}
	root := filepath.Join(dir, "rootfs")
	z, err := gzip.NewReader(bytes.NewReader(blob(manifest.Layers[0].Digest)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	unpack(t, z, root)
	for d := root; d != "/" && d != os.TempDir(); d = filepath.Dir(d) { // the user has to get there
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	address := free(t)
	settings := "http: {address: '" + address + "'}\nmedia: {udp: '127.0.0.1:0', tcp: '127.0.0.1:0'}\n" +
		"access: {keys: [{access: test, secret: 0123456789abcdefghijklmnopqrstuvwxyz}]}\n"
	if err := os.WriteFile(filepath.Join(root, "etc/redial/redial.yaml"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], args...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", []string{}, t.Output(), t.Output()
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: imageUser, Gid: imageUser}}
		return cmd
	}
	server := inside(config.Config.Cmd...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill() }()
	for deadline := time.Now().Add(time.Minute); inside("health", "-config", "/etc/redial/redial.yaml").Run() != nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never healthy")
		}
	}
	if _, err := os.Stat(filepath.Join(root, "data/registry.db")); err != nil {
		t.Error(err)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// mostExposure is the most that systemd may say against the unit, in tenths.
const mostExposure = "20"

// packageIsWhole unpacks the Debian package and asks systemd what it thinks of it.
func packageIsWhole(t *testing.T, data []byte) {
	dir := t.TempDir()
	deb, root := filepath.Join(dir, "redial.deb"), filepath.Join(dir, "root")
	if err := os.WriteFile(deb, data, 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	run("dpkg-deb", "--raw-extract", deb, root)
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		run("sh", "-n", filepath.Join(root, "DEBIAN", script))
	}
	keys := filepath.Join(root, "etc/redial/keys")
	if err := os.WriteFile(keys, []byte("test:0123456789abcdefghijklmnopqrstuvwxyz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	yaml := filepath.Join(root, "etc/redial/redial.yaml")
	settings, err := os.ReadFile(yaml)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(yaml, bytes.ReplaceAll(settings, []byte("/etc/redial/keys"), []byte(keys)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(filepath.Join(root, "usr/bin/redial"), "config", "-check", yaml)

	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze to ask about the unit")
	}
	unit := filepath.Join(root, "usr/lib/systemd/system/redial.service")
	run("systemd-analyze", "security", "--offline=yes", "--threshold="+mostExposure, unit)
	// What it starts is not installed on this machine.
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(dir, "redial.service")
	if err := os.WriteFile(there, bytes.ReplaceAll(text, []byte("/usr/bin/redial"), []byte(filepath.Join(root, "usr/bin/redial"))), 0o644); err != nil {
		t.Fatal(err)
	}
	run("systemd-analyze", "verify", "--man=no", there)
}

// TestRefusals: what cannot be built is said before anything is.
func TestRefusals(t *testing.T) {
	for want, args := range map[string][]string{
		"is no version":                {"-version", "1.2"},
		"-only \"rpm\" is not among":   {"-version", version, "-only", "rpm"},
		"-targets \"plan9/386\" is no": {"-version", version, "-targets", "plan9/386"},
		"CHANGELOG.md has no heading":  {"-version", "v99.0.0"},
		"is not below":                 {"-version", version, "-dirty", "-out", "../elsewhere"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
