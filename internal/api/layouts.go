// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
)

// layoutBody is a layout with the template and the role that it is for.
type layoutBody struct {
	ID         string `json:"id"`
	TemplateID string `json:"template_id"`
	AppID      string `json:"app_id"` // the account
	RoleID     string `json:"role_id"`
	Role       string `json:"role"`
	policyjson.Layout
}

func wordLayout(t policy.Template, role string) (any, error) {
	if _, known := t.Roles[role]; !known {
		return nil, noRole(t, role)
	}
	l, err := policyjson.OfLayout(t, role)
	if err != nil {
		return nil, err
	}
	id := t.ID + "-" + role
	return layoutBody{ID: id, TemplateID: t.ID, AppID: t.CustomerID, RoleID: id, Role: role, Layout: l}, nil
}

// listLayouts answers a ready-made room: the layout of the token's role, which it
// shows, and those of the others, to which it turns when the role changes.
func (a *API) listLayouts(c *Call) (any, error) {
	m, err := a.cfg.Registry.Room(c.Context(), c.Claims.RoomID)
	if err == nil && m.CustomerID != c.Claims.Account {
		err = fault.RoomNotFound.New("room", c.Claims.RoomID)
	}
	if err != nil {
		return nil, err
	}
	t, err := a.cfg.Registry.Template(c.Context(), m.TemplateID)
	if err != nil {
		return nil, err
	}
	body := listBody[any]{Limit: policy.MaxRoles}
	for _, role := range append([]string{c.Claims.Role}, t.RoleNames()...) {
		if len(body.Data) > 0 && role == c.Claims.Role {
			continue
		}
		l, err := wordLayout(t, role)
		if err != nil {
			return nil, err
		}
		body.Data = append(body.Data, l)
	}
	return body, nil
}

func (a *API) getLayout(c *Call) (any, error) {
	t, err := a.template(c)
	if err != nil {
		return nil, err
	}
	return wordLayout(t, c.Path("role"))
}

// putLayout changes the layout of a role. What is left out stays; screens are
// replaced as a whole.
func (a *API) putLayout(c *Call) (any, error) {
	var sent policyjson.Layout
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if sent.Screens != nil {
		if err := checkScreens(*sent.Screens); err != nil {
			return nil, err
		}
	}
	return a.changeLayout(c, func(was policy.Layout) (policy.Layout, error) {
		l, err := policyjson.StoredLayout(was)
		if err != nil {
			return nil, err
		}
		merge(&l, sent)
		raw, err := json.Marshal(l)
		if most := a.cfg.Limits.Layout; err == nil && len(raw) > most {
			err = fault.BodyTooLarge.New("limit", "limits.layout_bytes", "max_bytes", most, "bytes", len(raw))
		}
		return raw, err
	})
}

// deleteLayout goes back to the default.
func (a *API) deleteLayout(c *Call) (any, error) {
	return a.changeLayout(c, func(policy.Layout) (policy.Layout, error) { return nil, nil })
}

func (a *API) changeLayout(c *Call, change func(policy.Layout) (policy.Layout, error)) (any, error) {
	role := c.Path("role")
	t, err := a.changeTemplate(c, func(t *policy.Template) error {
		if _, known := t.Roles[role]; !known {
			return noRole(*t, role)
		}
		l, err := change(t.Layouts[role])
		if err != nil {
			return err
		}
		if t.Layouts == nil {
			t.Layouts = map[string]policy.Layout{}
		}
		if t.Layouts[role] = l; l == nil {
			delete(t.Layouts, role)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wordLayout(t, role)
}

// merge takes over what was sent of a layout.
func merge(l *policyjson.Layout, sent policyjson.Layout) {
	if sent.Themes != nil {
		l.Themes = sent.Themes
	}
	if sent.Typography != nil {
		l.Typography = sent.Typography
	}
	if sent.Logo != nil {
		l.Logo = sent.Logo
	}
	if sent.Options != nil {
		l.Options = sent.Options
	}
	if sent.Screens != nil {
		l.Screens = sent.Screens
	}
}

// checkScreens wants what clients look into: a call with elements, and each
// element of the form it has. What this server cannot do is refused rather than
// shown as a button that can only fail.
func checkScreens(s policyjson.Screens) error {
	if given(s.Conferencing.HLS) {
		return fault.FeatureUnsupported.New("field", "screens.conferencing.hls_live_streaming", "feature", "HLS streaming")
	}
	if s.Conferencing.Default == nil {
		return fault.FieldMissing.New("field", "screens.conferencing.default")
	}
	screens := map[string]*policyjson.Screen{"screens.conferencing.default": s.Conferencing.Default}
	if s.Preview != nil && s.Preview.Default != nil {
		screens["screens.preview.default"] = s.Preview.Default
	}
	if s.Leave != nil && s.Leave.Default != nil {
		screens["screens.leave.default"] = s.Leave.Default
	}
	for _, at := range sortedKeys(screens) {
		field := at + ".elements"
		if !given(screens[at].Elements) {
			return fault.FieldMissing.New("field", field)
		}
		var known policyjson.Elements
		if err := decode(screens[at].Elements, &known, field); err != nil {
			return err
		}
		if known.JoinForm != nil && known.JoinForm.Type == policyjson.JoinAndGoLive {
			return fault.FeatureUnsupported.New("field", field+".join_form.join_btn_type", "feature", "HLS streaming")
		}
	}
	return nil
}
