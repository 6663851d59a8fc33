// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math/big"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
)

// ProjectRoutes are the rows of projects, in whose names backends of other vendors'
// apps call and sign; give them to Config. An account may have so many. check judges
// the public key of an application.
func ProjectRoutes(r *registry.Registry, most int, check func(pem string) error) []Route {
	p := projects{r, most, check}
	return []Route{
		{Pattern: "POST /api/v1/projects", MaxBody: 16 << 10, Serve: p.create},
		{Pattern: "GET /api/v1/projects", Serve: p.list},
		{Pattern: "DELETE /api/v1/projects/{project}", Serve: p.remove},
	}
}

type projects struct {
	registry *registry.Registry
	most     int
	check    func(pem string) error
}

// projectBody is a project; its secret is told once, when it is made.
type projectBody struct {
	Key       string    `json:"key"`
	Secret    string    `json:"secret,omitempty"`
	Name      string    `json:"name"`
	PublicKey string    `json:"public_key,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// maxProjectName is how many bytes the name of a project may have.
const maxProjectName = 256

// create makes a project: with a secret, or with the public key of an application.
// Fails with fault.FieldInvalid and fault.Overloaded.
func (p projects) create(c *Call) (any, error) {
	var sent struct {
		Name      string `json:"name"`
		PublicKey string `json:"public_key"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if len(sent.Name) > maxProjectName {
		return nil, fault.FieldInvalid.New("field", "name", "max_bytes", maxProjectName, "bytes", len(sent.Name))
	}
	made := registry.Project{CustomerID: c.Claims.Account, Name: sent.Name, PublicKey: sent.PublicKey}
	if sent.PublicKey != "" {
		if err := p.check(sent.PublicKey); err != nil {
			return nil, err
		}
		made.Key = uuid.NewString()
	} else {
		n, err := rand.Int(rand.Reader, big.NewInt(9e9))
		if err != nil {
			return nil, fault.Internal.Wrap(err)
		}
		secret := make([]byte, 20)
		rand.Read(secret) // never fails
		made.Key, made.Secret = n.Add(n, big.NewInt(1e9)).String(), hex.EncodeToString(secret)
	}
	made, err := p.registry.CreateProject(c.Context(), made, p.most)
	if err != nil {
		return nil, err
	}
	return Reply{http.StatusCreated, projectBody{made.Key, made.Secret, made.Name, made.PublicKey, made.CreatedAt}}, nil
}

func (p projects) list(c *Call) (any, error) {
	all, err := p.registry.Projects(c.Context(), c.Claims.Account)
	if err != nil {
		return nil, err
	}
	body := struct {
		Data []projectBody `json:"data"`
	}{[]projectBody{}}
	for _, one := range all {
		body.Data = append(body.Data, projectBody{one.Key, "", one.Name, one.PublicKey, one.CreatedAt})
	}
	return body, nil
}

// remove ends a project: none of its tokens is good any more. Who is inside stays.
func (p projects) remove(c *Call) (any, error) {
	err := p.registry.DeleteProject(c.Context(), c.Claims.Account, c.Path("project"))
	if errors.Is(err, fault.AccessKeyUnknown) {
		err = missing(err)
	}
	return nil, err
}
