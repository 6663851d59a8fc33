// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect_test

import (
	"fmt"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

// The same condition in the words of several vendors.
func ExampleDialect_Word() {
	for _, d := range dialect.Vendors() {
		w := d.Word(fault.OpPublish, fault.ICEFailed)
		fmt.Println(d.Name, w.Code, w.Name)
	}
	// Output:
	// hms 4005 ICEFailure
	// hms-ios 4005 iceFailure
	// sceenic 901 genericConnectionError
	// openvidu 999 GENERIC_ERROR_CODE
	// opentok 1553 OT_ICE_WORKFLOW_FAILED
}

// What an SDK reports leads back to the condition.
func ExampleDialect_Identify() {
	c, certain := dialect.HMS.Identify(fault.OpPublish, 4005, "ICEFailure", "")
	fmt.Println(c.Kind.ID, certain)
	// Output: ice.failed true
}

// Any word of any vendor is explained.
func ExampleExplain() {
	a, err := dialect.Explain("OT_ICE_WORKFLOW_FAILED")
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Matches[0].Kind.ID)
	// Output: ice.failed
}
