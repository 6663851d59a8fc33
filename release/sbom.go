// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// cyclonedx lists the modules of a Go program in the words of CycloneDX.
const cyclonedx = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

// sbom writes the list of what the program contains, read from the program.
func (r *release) sbom(ctx context.Context, _ []byte) error {
	program := r.programs[r.targets[0]]
	cmd := exec.CommandContext(ctx, "go", "run", cyclonedx, "bin", "-json", "-licenses", "-noserial", "-version", r.version,
		"-output", filepath.Join(r.out, "redial-"+r.version+"-sbom.cdx.json"), program)
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.work, r.log, r.log
	return cmd.Run()
}
