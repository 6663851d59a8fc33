// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math/big"
	"net/http"
	"net/url"
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
		{Pattern: "PATCH /api/v1/projects/{project}", MaxBody: 16 << 10, Serve: p.change},
		{Pattern: "DELETE /api/v1/projects/{project}", Serve: p.remove},
	}
}

type projects struct {
	registry *registry.Registry
	most     int
	check    func(pem string) error
}

// projectBody is a project; its secrets are told once, when they are made.
type projectBody struct {
	Key       string    `json:"key"`
	Secret    string    `json:"secret,omitempty"`
	Name      string    `json:"name"`
	PublicKey string    `json:"public_key,omitempty"`
	CreatedAt time.Time `json:"created_at"`

	CallbackURL    string `json:"callback_url,omitempty"`
	CallbackSecret string `json:"callback_secret,omitempty"`
}

// maxCallbackURL is how many bytes the address for callbacks may have.
const maxCallbackURL = 2048

// newSecret makes a secret of a project.
func newSecret() string {
	secret := make([]byte, 20)
	rand.Read(secret) // never fails
	return hex.EncodeToString(secret)
}

// callback judges an address for callbacks, and makes what signs them; "" for no
// address. Fails with fault.FieldInvalid.
func callback(address string) (secret string, err error) {
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" || len(address) > maxCallbackURL {
		return "", fault.FieldInvalid.New("field", "callback_url", "want", "an http or https URL", "max_bytes", maxCallbackURL)
	}
	return newSecret(), nil
}

// maxProjectName is how many bytes the name of a project may have.
const maxProjectName = 256

// create makes a project: with a secret, or with the public key of an application.
// Fails with fault.FieldInvalid and fault.Overloaded.
func (p projects) create(c *Call) (any, error) {
	var sent struct {
		Name      string `json:"name"`
		PublicKey string `json:"public_key"`
		Callback  string `json:"callback_url"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	signs, err := callback(sent.Callback)
	if err != nil {
		return nil, err
	}
	if len(sent.Name) > maxProjectName {
		return nil, fault.FieldInvalid.New("field", "name", "max_bytes", maxProjectName, "bytes", len(sent.Name))
	}
	made := registry.Project{CustomerID: c.Claims.Account, Name: sent.Name, PublicKey: sent.PublicKey, CallbackURL: sent.Callback, CallbackSecret: signs}
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
		made.Key, made.Secret = n.Add(n, big.NewInt(1e9)).String(), newSecret()
	}
	made, err = p.registry.CreateProject(c.Context(), made, p.most)
	if err != nil {
		return nil, err
	}
	return Reply{http.StatusCreated, projectBody{made.Key, made.Secret, made.Name, made.PublicKey, made.CreatedAt, made.CallbackURL, made.CallbackSecret}}, nil
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
		body.Data = append(body.Data, projectBody{one.Key, "", one.Name, one.PublicKey, one.CreatedAt, one.CallbackURL, ""})
	}
	return body, nil
}

// change sets where a project is told what happens in its sessions, "" for nowhere,
// with a new secret. Fails with fault.FieldMissing and fault.FieldInvalid.
func (p projects) change(c *Call) (any, error) {
	var sent struct {
		Callback *string `json:"callback_url"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if sent.Callback == nil {
		return nil, fault.FieldMissing.New("field", "callback_url", "want", "a URL, or \"\" for none")
	}
	signs, err := callback(*sent.Callback)
	if err != nil {
		return nil, err
	}
	key := c.Path("project")
	if err := p.registry.SetCallback(c.Context(), c.Claims.Account, key, *sent.Callback, signs); err != nil {
		return nil, unknownProject(err)
	}
	made, err := p.registry.Project(c.Context(), key)
	if err != nil {
		return nil, unknownProject(err)
	}
	return projectBody{made.Key, "", made.Name, made.PublicKey, made.CreatedAt, made.CallbackURL, made.CallbackSecret}, nil
}

// unknownProject is an error about a project as a call over REST knows it.
func unknownProject(err error) error {
	if errors.Is(err, fault.AccessKeyUnknown) {
		return missing(err)
	}
	return err
}

// remove ends a project: none of its tokens is good any more. Who is inside stays.
func (p projects) remove(c *Call) (any, error) {
	return nil, unknownProject(p.registry.DeleteProject(c.Context(), c.Claims.Account, c.Path("project")))
}
