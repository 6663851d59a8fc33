// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
)

const templateColumns = `id, customer_id, name, is_default, doc, created_at, updated_at FROM templates`

// templateDoc is the part of a template that is stored as JSON, in the form that
// its author sent.
type templateDoc struct {
	Description string                     `json:"description,omitempty"`
	Roles       map[string]policyjson.Role `json:"roles"`
	Settings    policyjson.Settings        `json:"settings"`
	Layouts     map[string]json.RawMessage `json:"layouts,omitempty"` // by role
}

func encodeTemplate(t policy.Template) (string, error) {
	b, err := json.Marshal(templateDoc{
		t.Description, policyjson.OfRoles(t.Roles), policyjson.OfSettings(t.Settings), policyjson.OfLayouts(t.Layouts),
	})
	return string(b), err
}

func scanTemplate(r row) (t policy.Template, err error) {
	var (
		text             []byte
		created, updated int64
		doc              templateDoc
	)
	if err := r.Scan(&t.ID, &t.CustomerID, &t.Name, &t.Default, &text, &created, &updated); err != nil {
		return t, err
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return t, err
	}
	t.Description, t.Roles, t.Settings = doc.Description, policyjson.Policy(doc.Roles), doc.Settings.Policy()
	t.Layouts = policyjson.PolicyLayouts(doc.Layouts)
	t.CreatedAt, t.UpdatedAt = moment(created), moment(updated)
	return t.Complete(), nil
}

// Template finds a template by id, or fails with fault.TemplateNotFound.
func (r *Registry) Template(ctx context.Context, id string) (policy.Template, error) {
	return templateByID(ctx, r.read, id)
}

func templateByID(ctx context.Context, db querier, id string) (policy.Template, error) {
	return one(ctx, scanTemplate, fault.TemplateNotFound.New("template_id", id),
		db.QueryRowContext(ctx, `SELECT `+templateColumns+` WHERE id = ?`, id))
}

// DefaultTemplate returns the customer's default template and makes it from
// policy.Default when the customer has none.
func (r *Registry) DefaultTemplate(ctx context.Context, customerID string) (policy.Template, error) {
	t, err := one(ctx, scanTemplate, fault.TemplateNotFound.New(),
		r.read.QueryRowContext(ctx, `SELECT `+templateColumns+` WHERE customer_id = ? AND is_default = 1`, customerID))
	if !errors.Is(err, fault.TemplateNotFound) {
		return t, err
	}
	err = r.inTx(ctx, func(tx *sql.Tx) (err error) {
		t, err = r.defaultTemplate(ctx, tx, customerID)
		return err
	})
	return t, err
}

func (r *Registry) defaultTemplate(ctx context.Context, tx *sql.Tx, customerID string) (policy.Template, error) {
	t, err := one(ctx, scanTemplate, fault.TemplateNotFound.New(),
		tx.QueryRowContext(ctx, `SELECT `+templateColumns+` WHERE customer_id = ? AND is_default = 1`, customerID))
	if !errors.Is(err, fault.TemplateNotFound) {
		return t, err
	}
	t = policy.Default()
	t.CustomerID = customerID
	t.ID = newID(r.now())
	if _, err := templateByName(ctx, tx, customerID, t.Name); err == nil {
		t.Name += "-" + t.ID // the customer has given the plain name to another one
	}
	return r.insertTemplate(ctx, tx, t)
}

func templateByName(ctx context.Context, db querier, customerID, name string) (policy.Template, error) {
	return one(ctx, scanTemplate, fault.TemplateNotFound.New("name", name),
		db.QueryRowContext(ctx, `SELECT `+templateColumns+` WHERE customer_id = ? AND name = ?`, customerID, name))
}

func (r *Registry) insertTemplate(ctx context.Context, tx *sql.Tx, t policy.Template) (policy.Template, error) {
	t = t.Complete()
	if err := t.Validate(); err != nil {
		return t, err
	}
	doc, err := encodeTemplate(t)
	if err != nil {
		return t, err
	}
	if err := onlyDefault(ctx, tx, t); err != nil {
		return t, err
	}
	now := r.now()
	_, err = tx.ExecContext(ctx, `INSERT INTO templates (id, customer_id, name, is_default, doc, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, t.ID, t.CustomerID, t.Name, t.Default, doc, stamp(now), stamp(now))
	if err != nil {
		return t, err
	}
	return templateByID(ctx, tx, t.ID)
}

// onlyDefault takes the default from the customer's other templates when t
// wants to have it.
func onlyDefault(ctx context.Context, tx *sql.Tx, t policy.Template) error {
	if !t.Default {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE templates SET is_default = 0 WHERE customer_id = ? AND is_default = 1 AND id <> ?`,
		t.CustomerID, t.ID)
	return err
}

// CreateTemplate stores a new template, completed. An empty name is made up;
// one that the customer has already given overwrites that template, which
// keeps its id. Fails with fault.FieldInvalid, FieldMissing.
func (r *Registry) CreateTemplate(ctx context.Context, t policy.Template) (policy.Template, error) {
	if t.CustomerID == "" {
		return t, fault.FieldMissing.New("field", "customer_id")
	}
	t.ID = newID(r.now())
	if t.Name == "" {
		t.Name = "template-" + t.ID
	}
	var out policy.Template
	err := r.inTx(ctx, func(tx *sql.Tx) error {
		old, err := templateByName(ctx, tx, t.CustomerID, t.Name)
		switch {
		case errors.Is(err, fault.TemplateNotFound):
			out, err = r.insertTemplate(ctx, tx, t)
			return err
		case err != nil:
			return err
		}
		out, err = r.updateTemplate(ctx, tx, old.ID, func(o *policy.Template) error {
			o.Description, o.Roles, o.Settings = t.Description, t.Roles, t.Settings
			o.Default = o.Default || t.Default
			return nil
		})
		return err
	})
	return out, err
}

// UpdateTemplate changes a template in one transaction; what the change leaves
// out is completed. The change may refuse by failing; id, customer and times
// are not its to change. Fails with fault.TemplateNotFound, NameTaken,
// FieldInvalid, FieldMissing.
func (r *Registry) UpdateTemplate(ctx context.Context, id string, change func(*policy.Template) error) (policy.Template, error) {
	var out policy.Template
	err := r.inTx(ctx, func(tx *sql.Tx) (err error) {
		out, err = r.updateTemplate(ctx, tx, id, change)
		return err
	})
	return out, err
}

func (r *Registry) updateTemplate(ctx context.Context, tx *sql.Tx, id string, change func(*policy.Template) error) (policy.Template, error) {
	old, err := templateByID(ctx, tx, id)
	if err != nil {
		return old, err
	}
	t, err := templateByID(ctx, tx, id) // again, so that change shares no map with old
	if err != nil {
		return t, err
	}
	if err := change(&t); err != nil {
		return t, err
	}
	t.ID, t.CustomerID = old.ID, old.CustomerID
	if old.Default && !t.Default {
		return t, fault.FieldInvalid.New("field", "default", "reason", "make another template the default instead")
	}
	t = t.Complete()
	if err := t.Validate(); err != nil {
		return t, err
	}
	doc, err := encodeTemplate(t)
	if err != nil {
		return t, err
	}
	if err := onlyDefault(ctx, tx, t); err != nil {
		return t, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE templates SET name = ?, is_default = ?, doc = ?, updated_at = ? WHERE id = ?`,
		t.Name, t.Default, doc, stamp(r.now()), id)
	if taken(err) {
		return t, fault.NameTaken.New("field", "name", "name", t.Name)
	}
	if err != nil {
		return t, err
	}
	return templateByID(ctx, tx, id)
}

// DeleteTemplate removes a template. Fails with fault.TemplateNotFound, and
// with fault.TemplateInUse when a room uses it or it is the default.
func (r *Registry) DeleteTemplate(ctx context.Context, id string) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		t, err := templateByID(ctx, tx, id)
		if err != nil {
			return err
		}
		var rooms int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM rooms WHERE template_id = ?`, id).Scan(&rooms); err != nil {
			return err
		}
		if rooms > 0 || t.Default {
			return fault.TemplateInUse.New("template_id", id, "rooms", rooms, "default", t.Default)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM templates WHERE id = ?`, id)
		return err
	})
}

// ListTemplates returns one page of templates: fault.FieldInvalid.
func (r *Registry) ListTemplates(ctx context.Context, q TemplateQuery) (Page[policy.Template], error) {
	n, err := limit(q.Limit)
	if err != nil {
		return Page[policy.Template]{}, err
	}
	var w where
	w.text("customer_id", q.CustomerID)
	w.text("name", q.Name)
	if err := w.after(ctx, r.read, "templates", "created_at", q.Start); err != nil {
		return Page[policy.Template]{}, err
	}
	all, err := list(ctx, r.read, scanTemplate,
		`SELECT `+templateColumns+w.String()+` ORDER BY created_at DESC, id DESC LIMIT ?`, append(w.args, n)...)
	return page(all, n, func(t policy.Template) string { return t.ID }), err
}
