// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"math"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Exceeded refuses what goes beyond a rate, with fault.RateLimited: it names the
// setting and says when to come again.
func Exceeded(setting string, perSecond int, wait time.Duration) error {
	// Rounded up, as Retry-After is (RFC 9110, section 10.2.3).
	return fault.RateLimited.New("limit", setting, "max", perSecond, "per", "second",
		"retry_after_seconds", int64(math.Ceil(wait.Seconds())))
}
