// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"slices"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
)

// noRole refuses a role in the path that the template does not have.
func noRole(t policy.Template, name string) error {
	return missing(fault.RoleNotFound.New("role", name, "template_id", t.ID))
}

func (a *API) getRole(c *Call) (any, error) {
	t, err := a.template(c)
	if err != nil {
		return nil, err
	}
	r, ok := t.Roles[c.Path("role")]
	if !ok {
		return nil, noRole(t, c.Path("role"))
	}
	return policyjson.OfRole(r), nil
}

// putRole creates or changes a role. A name in the body that differs from the
// one in the path renames it.
func (a *API) putRole(c *Call) (any, error) {
	raw := json.RawMessage{}
	if err := c.Decode(&raw); err != nil {
		return nil, err
	}
	var name string
	t, err := a.changeTemplate(c, func(t *policy.Template) (err error) {
		name, err = changeRole(t, c.Path("role"), raw)
		return err
	})
	if err != nil {
		return nil, err
	}
	return policyjson.OfRole(t.Roles[name]), nil
}

// changeRole changes a role of a template and returns the name it has then.
func changeRole(t *policy.Template, path string, raw json.RawMessage) (string, error) {
	r, known := t.Roles[path]
	if !known {
		r = policy.NewRole(path)
	}
	r, err := readRole("", raw, r)
	if err != nil {
		return "", err
	}
	if r.Name == "" {
		r.Name = path
	}
	if r.Name != path {
		if _, there := t.Roles[r.Name]; there {
			return "", fault.NameTaken.New("field", "name", "name", r.Name)
		}
		if known {
			delete(t.Roles, path)
			if l, stored := t.Layouts[path]; stored {
				t.Layouts[r.Name] = l
			}
			for at, other := range t.Roles {
				other.Subscribe.ToRoles = renamed(other.Subscribe.ToRoles, path, r.Name)
				t.Roles[at] = other
			}
			r.Subscribe.ToRoles = renamed(r.Subscribe.ToRoles, path, r.Name)
		}
	}
	t.Roles[r.Name] = r
	return r.Name, nil
}

// renamed puts a new name in the place of an old one.
func renamed(names []string, from, to string) []string {
	out := slices.Clone(names)
	for i, n := range out {
		if n == from {
			out[i] = to
		}
	}
	return out
}

// deleteRole removes a role, and its name from the lists of the others.
func (a *API) deleteRole(c *Call) (any, error) {
	name := c.Path("role")
	_, err := a.changeTemplate(c, func(t *policy.Template) error {
		if _, ok := t.Roles[name]; !ok {
			return noRole(*t, name)
		}
		delete(t.Roles, name)
		for at, other := range t.Roles {
			other.Subscribe.ToRoles = slices.DeleteFunc(slices.Clone(other.Subscribe.ToRoles), func(n string) bool { return n == name })
			t.Roles[at] = other
		}
		return nil
	})
	return nil, err
}
