// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageUser is who the program runs as: nobody whom a host knows.
const imageUser = 65532

// image writes one OCI archive for all Linux platforms, made of the program alone.
// docker load, podman load, ctr image import and skopeo read it.
func (r *release) image(_ context.Context, licences []byte) error {
	var index v1.ImageIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range r.targets {
		os, arch, _ := strings.Cut(platform, "/")
		if os != "linux" {
			continue
		}
		one, err := r.imageOf(platform, arch, licences)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: one, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: arch}, MediaType: types.OCIManifestSchema1},
		})
	}
	named := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index, Descriptor: v1.Descriptor{
		MediaType: types.OCIImageIndex,
		Annotations: map[string]string{
			"org.opencontainers.image.ref.name": r.version, "io.containerd.image.name": "localhost/redial:" + r.version,
		},
	}})
	dir := filepath.Join(r.work, "image")
	if _, err := layout.Write(dir, mutate.IndexMediaType(named, types.OCIImageIndex)); err != nil {
		return err
	}
	t := tree{}
	if err := t.copyDir("", dir); err != nil {
		return err
	}
	return write(filepath.Join(r.out, "redial-"+r.version+"-image.tar"), func(w io.Writer) error { return t.tar(w, r.date) })
}

func (r *release) imageOf(platform, arch string, licences []byte) (v1.Image, error) {
	t := tree{}
	if err := t.copyFile("redial", 0o755, r.programs[platform]); err != nil {
		return nil, err
	}
	if err := r.papers(t, "usr/share/doc/redial", licences); err != nil {
		return nil, err
	}
	t.add("etc/passwd", 0o644, []byte("root:x:0:0:root:/:/redial\nredial:x:65532:65532:redial:/data:/redial\n"))
	t.add("etc/group", 0o644, []byte("root:x:0:\nredial:x:65532:\n"))
	t.dir("etc/redial", 0o755, 0)
	t.dir("data", 0o700, imageUser)
	t.dir("tmp", 0o777|fs.ModeSticky, 0)
	var b bytes.Buffer
	if err := t.tar(&b, r.date); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(r.level()))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: r.date}, CreatedBy: "redial " + r.version}}); err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, r.imageConfig(img, arch))
}

// imageConfig says how the image is run. The health check is Docker's own addition
// to the format, which others pass over.
func (r *release) imageConfig(img v1.Image, arch string) *v1.ConfigFile {
	had, err := img.ConfigFile()
	if err != nil {
		had = &v1.ConfigFile{}
	}
	c := had.DeepCopy()
	c.OS, c.Architecture, c.Created, c.Author = "linux", arch, v1.Time{Time: r.date}, "The Redial authors"
	c.Config = v1.Config{
		User: "65532:65532", WorkingDir: "/", Entrypoint: []string{"/redial"}, Cmd: []string{"serve", "-config", "/etc/redial/redial.yaml"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "7881/tcp": {}, "7882/udp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		StopSignal:   "SIGTERM",
		Healthcheck:  &v1.HealthConfig{Test: []string{"CMD", "/redial", "health", "-config", "/etc/redial/redial.yaml"}, Interval: 30 * time.Second, Timeout: 5 * time.Second, Retries: 3},
		Labels: map[string]string{
			"org.opencontainers.image.title": "Redial", "org.opencontainers.image.version": r.version, "org.opencontainers.image.revision": r.commit,
			"org.opencontainers.image.created": r.date.Format(time.RFC3339), "org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.source": "https://github.com/redial-rtc/redial",
		},
	}
	return c
}
