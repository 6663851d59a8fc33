// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
	"github.com/redial-rtc/redial/internal/registry"
)

// templateBody is a template as the v2 API has it: some of its names come
// twice, in the spelling of the documents and in that of older replies.
type templateBody struct {
	ID           string                     `json:"id"`
	OldID        string                     `json:"_id"`
	Name         string                     `json:"name"`
	Description  string                     `json:"description"`
	Default      bool                       `json:"default"`
	CustomerID   string                     `json:"customer_id"`
	OldCustomer  string                     `json:"customerId"`
	Roles        map[string]policyjson.Role `json:"roles"`
	Settings     policyjson.Settings        `json:"settings"`
	Destinations struct{}                   `json:"destinations"`
	CreatedAt    time.Time                  `json:"createdAt"`
	UpdatedAt    time.Time                  `json:"updatedAt"`
}

func wordTemplate(t policy.Template) templateBody {
	return templateBody{
		ID: t.ID, OldID: t.ID, Name: t.Name, Description: t.Description, Default: t.Default,
		CustomerID: t.CustomerID, OldCustomer: t.CustomerID,
		Roles: policyjson.OfRoles(t.Roles), Settings: policyjson.OfSettings(t.Settings),
		CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
}

// templateChange is what a caller sends of a template; what it leaves out
// stays, and of a role takes the default.
type templateChange struct {
	Name        *string                    `json:"name"`
	Description *string                    `json:"description"`
	Default     *bool                      `json:"default"`
	Roles       map[string]json.RawMessage `json:"roles"`
	Settings    json.RawMessage            `json:"settings"`
}

func (b *templateChange) apply(t *policy.Template) error {
	set(&t.Name, b.Name)
	set(&t.Description, b.Description)
	set(&t.Default, b.Default)
	if b.Roles != nil {
		roles := make(map[string]policy.Role, len(b.Roles))
		for _, name := range sortedKeys(b.Roles) {
			r, err := readRole("roles."+name, b.Roles[name], policy.NewRole(name))
			if err != nil {
				return err
			}
			roles[name] = r
		}
		t.Roles = roles
	}
	if given(b.Settings) {
		return decodeSettings(b.Settings, t, "settings")
	}
	return nil
}

// decodeSettings reads settings over those of a template. Fields are named below
// the path at.
func decodeSettings(raw json.RawMessage, t *policy.Template, at string) error {
	s := policyjson.OfSettings(t.Settings)
	err := decode(raw, &s, at)
	t.Settings = s.Policy()
	return err
}

// given tells whether a raw value was sent and is not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// readRole reads a role over another, which supplies what is left out. Fields
// are named below the path at.
func readRole(at string, raw json.RawMessage, base policy.Role) (policy.Role, error) {
	if !given(raw) {
		return base, nil
	}
	// Lists are replaced, never merged: decoding into a list that holds
	// something would keep what an entry leaves out.
	r := policyjson.OfRole(base)
	lists := r.Publish.Simulcast
	r.Publish.Simulcast = policyjson.Simulcast{}
	if err := decode(raw, &r, at); err != nil {
		return base, err
	}
	if r.Publish.Simulcast.Video.Layers == nil {
		r.Publish.Simulcast.Video = lists.Video
	}
	if r.Publish.Simulcast.Screen.Layers == nil {
		r.Publish.Simulcast.Screen = lists.Screen
	}
	return r.Policy(), nil
}

// template finds the template of the path, if it is the caller's.
func (a *API) template(c *Call) (policy.Template, error) {
	t, err := a.cfg.Registry.Template(c.Context(), c.Path("template"))
	if err == nil && t.CustomerID != c.Claims.Account {
		err = fault.TemplateNotFound.New("template_id", c.Path("template"))
	}
	return t, err
}

// changeTemplate changes the template of the path, if it is the caller's.
func (a *API) changeTemplate(c *Call, change func(*policy.Template) error) (policy.Template, error) {
	t, err := a.template(c)
	if err != nil {
		return t, err
	}
	t, err = a.cfg.Registry.UpdateTemplate(c.Context(), t.ID, change)
	return t, policyjson.Word(err)
}

func (a *API) createTemplate(c *Call) (any, error) {
	var sent templateChange
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	t := policy.Template{CustomerID: c.Claims.Account, Settings: policy.Default().Settings}
	if err := sent.apply(&t); err != nil {
		return nil, err
	}
	t, err := a.cfg.Registry.CreateTemplate(c.Context(), t)
	if err != nil {
		return nil, policyjson.Word(err)
	}
	return wordTemplate(t), nil
}

func (a *API) listTemplates(c *Call) (any, error) {
	n, err := c.limit()
	if err != nil {
		return nil, err
	}
	p, err := a.cfg.Registry.ListTemplates(c.Context(), registry.TemplateQuery{
		CustomerID: c.Claims.Account, Name: c.Query("name"), Start: c.Query("start"), Limit: n,
	})
	if err != nil {
		return nil, err
	}
	return pageOf(p, wordTemplate), nil
}

func (a *API) getTemplate(c *Call) (any, error) {
	t, err := a.template(c)
	if err != nil {
		return nil, err
	}
	return wordTemplate(t), nil
}

func (a *API) updateTemplate(c *Call) (any, error) {
	var sent templateChange
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	t, err := a.changeTemplate(c, sent.apply)
	if err != nil {
		return nil, err
	}
	return wordTemplate(t), nil
}

func (a *API) deleteTemplate(c *Call) (any, error) {
	t, err := a.template(c)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Registry.DeleteTemplate(c.Context(), t.ID)
}

func (a *API) getSettings(c *Call) (any, error) {
	t, err := a.template(c)
	if err != nil {
		return nil, err
	}
	return policyjson.OfSettings(t.Settings), nil
}

func (a *API) updateSettings(c *Call) (any, error) {
	raw := json.RawMessage{}
	if err := c.Decode(&raw); err != nil {
		return nil, err
	}
	t, err := a.changeTemplate(c, func(t *policy.Template) error {
		if !given(raw) {
			return nil
		}
		return decodeSettings(raw, t, "")
	})
	if err != nil {
		return nil, err
	}
	return policyjson.OfSettings(t.Settings), nil
}
