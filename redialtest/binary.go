// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// program is what is built when no binary is named.
const program = "github.com/redial-rtc/redial/cmd/redial"

// binaryVariable names a binary for all tests of a run.
const binaryVariable = "REDIAL_BINARY"

// findBinary returns the path of the program to run; see [Config.Binary].
func findBinary(ctx context.Context, named string) (string, error) {
	if named != "" {
		return checkBinary(named, "Config.Binary")
	}
	if path := os.Getenv(binaryVariable); path != "" {
		return checkBinary(path, binaryVariable)
	}
	built, why := build(ctx)
	if why == nil {
		return built, nil
	}
	if path, err := exec.LookPath("redial"); err == nil {
		return path, nil
	}
	return "", fmt.Errorf(`there is no program redial to run. Do one of these:
  - let the module of the test build it: go mod edit -tool %s
  - set %s, or Config.Binary, to its path
  - build it into PATH, in a clone of Redial's repository: go build -o "$HOME/bin/redial" ./cmd/redial
Building it was tried and failed: %w`, program, binaryVariable, why)
}

// checkBinary says who named a program that cannot be run.
func checkBinary(path, who string) (string, error) {
	found, err := exec.LookPath(path)
	if errors.Is(err, exec.ErrDot) {
		err = nil // a path the test itself has named
	}
	if err != nil {
		var why *exec.Error
		if errors.As(err, &why) {
			err = why.Err
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("there is no such file")
		}
		return "", fmt.Errorf("%s names %q, which cannot be run: %w", who, path, err)
	}
	return filepath.Abs(found)
}

// build builds the program once per process.
var build = func() func(context.Context) (string, error) {
	var mu sync.Mutex
	var path string
	var failed error
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if path == "" && failed == nil {
			path, failed = goBuild(ctx)
			if ctx.Err() != nil {
				defer func() { failed = nil }() // another test may have the time
			}
		}
		return path, failed
	}
}()

// goBuild builds the program in the module of the working directory, which "go
// test" sets to the package under test. The result has a place of its own in the
// user's cache: "go build" leaves a program alone that is up to date, and replaces
// it whole otherwise, so several tests may do this at once.
func goBuild(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	mod, err := goTool(ctx, "env", "GOMOD")
	if err != nil {
		return "", err
	}
	name := "redial"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(cache, "redialtest", fmt.Sprintf("%x", sha256.Sum256([]byte(mod)))[:16], name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	_, err = goTool(ctx, "build", "-o", path, program)
	return path, err
}

// goTool runs the go command and returns what it says.
func goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return strings.TrimSpace(out.String()), nil
}
