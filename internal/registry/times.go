// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"database/sql"
	"time"
)

// stamp is a time as it is stored.
func stamp(t time.Time) int64 { return t.UnixNano() }

// stampOrNull stores the zero time as NULL.
func stampOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixNano(), Valid: !t.IsZero()}
}

// moment is a stored time.
func moment(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// momentOrZero reads NULL as the zero time.
func momentOrZero(ns sql.NullInt64) time.Time {
	if !ns.Valid {
		return time.Time{}
	}
	return moment(ns.Int64)
}
