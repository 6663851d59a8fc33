// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/text"
)

// Project is what calls and tokens are made in the name of: a key, and either a
// secret (HS256 and HMAC-SHA1) or the public half of an application's key (RS256).
type Project struct {
	Key     string
	Secret  string
	Public  *rsa.PublicKey
	Account string // whose rooms its sessions are

	// Callback is where it is told what happens in its sessions, and Signs what signs
	// that; "" for nowhere, and not signed.
	Callback, Signs string
}

// Projects finds projects: those of the settings, then those of the registry.
type Projects struct {
	fixed    map[string]Project
	registry *registry.Registry
}

// NewProjects returns the projects of the settings and the registry.
func NewProjects(fixed []Project, r *registry.Registry) *Projects {
	p := &Projects{map[string]Project{}, r}
	for _, one := range fixed {
		p.fixed[one.Key] = one
	}
	return p
}

// maxKey is how many bytes a project's key may have.
const maxKey = 64

// Find returns a project, or fails with fault.AccessKeyUnknown.
func (p *Projects) Find(ctx context.Context, key string) (Project, error) {
	if found, ok := p.fixed[key]; ok {
		return found, nil
	}
	unknown := fault.AccessKeyUnknown.New("access_key", text.Clip(key, maxKey))
	if key == "" || len(key) > maxKey {
		return Project{}, unknown
	}
	kept, err := p.registry.Project(ctx, key)
	if errors.Is(err, fault.AccessKeyUnknown) {
		return Project{}, unknown
	}
	if err != nil {
		return Project{}, err
	}
	found := Project{Key: kept.Key, Secret: kept.Secret, Account: kept.CustomerID, Callback: kept.CallbackURL, Signs: kept.CallbackSecret}
	if kept.PublicKey != "" {
		if found.Public, err = PublicKey(kept.PublicKey); err != nil {
			return Project{}, err
		}
	}
	return found, nil
}

// PublicKey reads the public half of an application's key: PEM of PKIX (RFC 5280)
// or PKCS #1 (RFC 8017), 2048 bits or more. Fails with fault.FieldInvalid.
func PublicKey(text string) (*rsa.PublicKey, error) {
	wrong := func(why string) error {
		return fault.FieldInvalid.New("field", "public_key", "want", "an RSA public key of 2048 bits or more in PEM", "problem", why)
	}
	block, _ := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil {
		return nil, wrong("not PEM")
	}
	key, err := x509.ParsePKCS1PublicKey(block.Bytes)
	if err != nil {
		any, bad := x509.ParsePKIXPublicKey(block.Bytes)
		of, ok := any.(*rsa.PublicKey)
		if bad != nil || !ok {
			return nil, wrong("not an RSA public key")
		}
		key = of
	}
	if key.N.BitLen() < 2048 {
		return nil, wrong("too short")
	}
	return key, nil
}
