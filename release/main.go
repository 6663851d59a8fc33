// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command release builds everything that a version consists of: programs for each
// platform, Debian packages, an OCI image, the fault catalogue, a list of what is in
// the program (SBOM), and checksums. The same commit gives the same bytes on every
// machine with the same Go.
//
//	go -C release run . -version v0.2.0
//
// It is a module of its own, so that nobody who uses Redial as a library has its
// dependencies.
package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// platforms are those that are released.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// parts are what a release has.
var parts = []string{"archives", "deb", "image", "faults", "sbom"}

// release is one version being built.
type release struct {
	root    string // of the checkout
	out     string
	work    string // for files under way
	version string // with the v
	commit  string
	date    time.Time // of the commit: the time of every file
	only    []string
	targets []string
	quick   bool // hardly compressed
	log     io.Writer

	programs map[string]string // by platform
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	f := flag.NewFlagSet("release", flag.ContinueOnError)
	f.SetOutput(log)
	version := f.String("version", "", "the `VERSION`, such as v0.2.0")
	out := f.String("out", "build/release", "where it goes, a `DIR` below the checkout; emptied first")
	targets := f.String("targets", strings.Join(platforms, ","), "`PLATFORMS`")
	only := f.String("only", strings.Join(parts, ","), "`PARTS` to build")
	dirty := f.Bool("dirty", false, "also from a checkout with changes that are not committed")
	program := f.String("program", "", "a `FILE` that is the program for this machine's platform, built already: for tests of packages")
	quick := f.Bool("quick", false, "compress packages hardly at all: for tests")
	if err := f.Parse(args); err != nil {
		return err
	}
	r := release{version: *version, quick: *quick, targets: strings.Split(*targets, ","), only: strings.Split(*only, ","), log: log, programs: map[string]string{}}
	if !regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`).MatchString(r.version) {
		return fmt.Errorf("-version %q is no version; write v0.2.0", r.version)
	}
	for _, p := range r.only {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("-only %q is not among %s", p, strings.Join(parts, ", "))
		}
	}
	for _, t := range r.targets {
		if !slices.Contains(platforms, t) {
			return fmt.Errorf("-targets %q is not among %s", t, strings.Join(platforms, ", "))
		}
	}
	if err := r.locate(ctx, *out, *dirty); err != nil {
		return err
	}
	var err error
	if *program != "" {
		if r.programs[runtime.GOOS+"/"+runtime.GOARCH], err = filepath.Abs(*program); err != nil {
			return err
		}
	}
	if r.work, err = os.MkdirTemp("", "redial-release-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	return r.build(ctx)
}

// locate finds the checkout and what it is of.
func (r *release) locate(ctx context.Context, out string, dirty bool) error {
	root, err := r.tell(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	r.root = root
	if r.commit, err = r.tell(ctx, root, "git", "rev-parse", "HEAD"); err != nil {
		return err
	}
	if !dirty && len(r.only) == len(parts) {
		if err := r.changelog(); err != nil {
			return err
		}
	}
	date, err := r.tell(ctx, root, "git", "log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	if r.date, err = time.Parse(time.RFC3339, date); err != nil {
		return err
	}
	r.date = r.date.UTC()
	changes, err := r.tell(ctx, root, "git", "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return err
	}
	if changes != "" && !dirty {
		return fmt.Errorf("the checkout has changes that are not committed, so that nobody could build the same; commit them or say -dirty:\n%s", changes)
	}
	r.out = filepath.Join(root, out)
	if below, err := filepath.Rel(root, r.out); err != nil || below == "." || strings.HasPrefix(below, "..") {
		return fmt.Errorf("-out %s is not below %s", out, root)
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	return os.MkdirAll(r.out, 0o755)
}

// changelog refuses a version of which CHANGELOG.md says nothing.
func (r *release) changelog() error {
	text, err := os.ReadFile(filepath.Join(r.root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	if heading := "\n## [" + strings.TrimPrefix(r.version, "v") + "] - "; !strings.Contains(string(text), heading) {
		return fmt.Errorf("CHANGELOG.md has no heading %q; what is under Unreleased belongs to it", strings.TrimSpace(heading)+" DATE")
	}
	return nil
}

func (r *release) build(ctx context.Context) error {
	for _, p := range r.targets {
		if err := r.compile(ctx, p); err != nil {
			return err
		}
	}
	licences, err := r.licences(ctx)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		part string
		do   func(context.Context, []byte) error
	}{{"archives", r.archives}, {"deb", r.debs}, {"image", r.image}, {"faults", r.faults}, {"sbom", r.sbom}} {
		if !slices.Contains(r.only, step.part) {
			continue
		}
		r.say("%s", step.part)
		if err := step.do(ctx, licences); err != nil {
			return fmt.Errorf("%s: %w", step.part, err)
		}
	}
	return r.sums()
}

// level is how well gzip compresses what is built.
func (r *release) level() int {
	if r.quick {
		return gzip.BestSpeed
	}
	return gzip.BestCompression
}

// compile builds the program for a platform.
func (r *release) compile(ctx context.Context, platform string) error {
	if r.programs[platform] != "" {
		return nil
	}
	r.say("program for %s", platform)
	goos, arch, _ := strings.Cut(platform, "/")
	name := filepath.Join(r.work, goos+"-"+arch, "redial")
	if goos == "windows" {
		name += ".exe"
	}
	flags := fmt.Sprintf("-s -w -buildid= -X main.released=%s -X main.commit=%s -X main.date=%s", r.version, r.commit, r.date.Format(time.RFC3339))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", name, "./cmd/redial")
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0")
	cmd.Stdout, cmd.Stderr = r.log, r.log
	r.programs[platform] = name
	return cmd.Run()
}

// sums writes the SHA-256 of every file, as sha256sum -c reads it.
func (r *release) sums() error {
	files, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		fmt.Fprintf(&b, "%s  %s\n", hex.EncodeToString(sum[:]), f.Name())
		r.say("%9d  %s", len(data), f.Name())
	}
	if len(files) == 0 {
		return errors.New("nothing was built")
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(b.String()), 0o644)
}

func (r *release) say(format string, args ...any) { fmt.Fprintf(r.log, format+"\n", args...) }

// tell runs a program and returns what it printed.
func (r *release) tell(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, r.log
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
