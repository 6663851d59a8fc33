// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/json"
)

// Layout is how a ready-made room, such as the npm package @100mslive/roomkit-react,
// looks to a role of a template. Its parts have the form of Layout in the npm package
// @100mslive/types-prebuilt.
type Layout struct {
	ID         string            `json:"id"`
	TemplateID string            `json:"template_id"`
	AppID      string            `json:"app_id"` // the account
	RoleID     string            `json:"role_id"`
	Role       string            `json:"role"`
	Themes     []json.RawMessage `json:"themes,omitempty"`
	Typography json.RawMessage   `json:"typography,omitempty"`
	Logo       json.RawMessage   `json:"logo,omitempty"`
	Options    map[string]string `json:"options,omitempty"`
	Screens    json.RawMessage   `json:"screens,omitempty"` // those that were stored, or the server's default
}

// LayoutChange is what changes of a layout. What is left out stays, and what is
// there takes the place of the whole part.
type LayoutChange struct {
	Themes     []json.RawMessage `json:"themes,omitzero"`
	Typography json.RawMessage   `json:"typography,omitempty"`
	Logo       json.RawMessage   `json:"logo,omitempty"`
	Options    map[string]string `json:"options,omitzero"`
	Screens    json.RawMessage   `json:"screens,omitempty"` // with conferencing.default.elements
}

// Layout returns how a ready-made room looks to a role: [fault.TemplateNotFound],
// [fault.RoleNotFound].
func (c Templates) Layout(ctx context.Context, template, role string) (Layout, error) {
	return c.layout(ctx, template, role, get)
}

// SetLayout changes how a ready-made room looks to a role. Safe to repeat. It fails
// with [fault.TemplateNotFound], [fault.RoleNotFound], [fault.FieldInvalid],
// [fault.FieldMissing], [fault.FeatureUnsupported], [fault.BodyTooLarge].
func (c Templates) SetLayout(ctx context.Context, template, role string, change LayoutChange) (Layout, error) {
	return c.layout(ctx, template, role, func(path string) request { return post(path, change).repeatable() })
}

// ResetLayout goes back to the server's default and returns it. Safe to repeat. It
// fails with [fault.TemplateNotFound], [fault.RoleNotFound].
func (c Templates) ResetLayout(ctx context.Context, template, role string) (Layout, error) {
	return c.layout(ctx, template, role, func(path string) request { return remove(path).repeatable() })
}

func (c Templates) layout(ctx context.Context, template, role string, how func(path string) request) (Layout, error) {
	path, err := at("/v2/templates/", template, "/roles/", role, "/layout")
	if err != nil {
		return Layout{}, err
	}
	return fetch[Layout](ctx, c, how(path))
}
