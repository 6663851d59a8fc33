// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
)

// codeBody is a room code as the v2 API has it.
type codeBody struct {
	Code      string    `json:"code"`
	RoomID    string    `json:"room_id"`
	Role      string    `json:"role"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func wordCode(c registry.Code) codeBody { return codeBody(c) }

// defaultCodes is the size of a page of codes unless the caller says.
const defaultCodes = 20

func (a *API) createCodes(c *Call) (any, error) {
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	codes, err := a.cfg.Registry.CreateCodes(c.Context(), m.ID)
	if err != nil {
		return nil, err
	}
	body := struct {
		Data []codeBody `json:"data"`
	}{make([]codeBody, len(codes))}
	for i, code := range codes {
		body.Data[i] = wordCode(code)
	}
	return body, nil
}

func (a *API) createRoleCode(c *Call) (any, error) {
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	codes, err := a.cfg.Registry.CreateCodes(c.Context(), m.ID, c.Path("role"))
	if errors.Is(err, fault.RoleNotFound) {
		err = missing(err)
	}
	if err != nil {
		return nil, err
	}
	return wordCode(codes[0]), nil
}

func (a *API) listCodes(c *Call) (any, error) {
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	q := registry.CodeQuery{RoomID: m.ID, Role: c.Query("role"), Start: c.Query("start")}
	if q.Role != "" {
		t, err := a.cfg.Registry.Template(c.Context(), m.TemplateID)
		if err != nil {
			return nil, err
		}
		if _, there := t.Roles[q.Role]; !there {
			return nil, noRole(t, q.Role)
		}
	}
	if q.Enabled, err = c.QueryBool("enabled"); err != nil {
		return nil, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = defaultCodes
	}
	p, err := a.cfg.Registry.Codes(c.Context(), q)
	if err != nil {
		return nil, err
	}
	return pageOf(p, wordCode), nil
}

func (a *API) updateCode(c *Call) (any, error) {
	var sent struct {
		Code    *string `json:"code"`
		Enabled *bool   `json:"enabled"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if sent.Code == nil || *sent.Code == "" {
		return nil, fault.FieldMissing.New("field", "code")
	}
	if sent.Enabled == nil {
		return nil, fault.FieldMissing.New("field", "enabled")
	}
	code, err := a.cfg.Registry.Code(c.Context(), *sent.Code)
	if err != nil {
		return nil, unknownCode(err, *sent.Code)
	}
	if _, err := a.roomOf(c, code.RoomID); errors.Is(err, fault.RoomNotFound) {
		return nil, unknownCode(fault.CodeNotFound.New(), *sent.Code) // another account's
	} else if err != nil {
		return nil, err
	}
	if code, err = a.cfg.Registry.SetCodeEnabled(c.Context(), code.Code, *sent.Enabled); err != nil {
		return nil, err
	}
	return wordCode(code), nil
}

// unknownCode shows a short form of a code that is not known.
func unknownCode(err error, code string) error {
	if errors.Is(err, fault.CodeNotFound) {
		return fault.CodeNotFound.New("code", shortened(code))
	}
	return err
}

// shortened is enough of a code to know it by. The whole is as good as a token,
// also when it is switched off or mistyped, and faults go into logs and records.
func shortened(code string) string {
	const shown = 3
	if i := min(shown, len(code)/2); i < len(code) {
		return strings.ToValidUTF8(code[:i], "") + "…"
	}
	return code
}
