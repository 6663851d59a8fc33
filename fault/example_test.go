// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redial-rtc/redial/fault"
)

// What happened is asked for by its kind, whatever was wrapped around it.
func Example() {
	err := fmt.Errorf("joining: %w", fault.RoomFull.New("limit", 50))

	fmt.Println(errors.Is(err, fault.RoomFull), errors.Is(err, fault.RoomLocked))

	var f *fault.Error
	if errors.As(err, &f) {
		fmt.Println(f.Safe())
		fmt.Println(f.Detail("limit"), f.Kind.CanRetry())
	}
	// Output:
	// true false
	// The room is full (limit: 50)
	// 50 true
}

// The user is told something in their own language.
func ExampleKind_UserText() {
	fmt.Println(fault.RoomLocked.UserText("en-GB"))
	// Output: This call is locked. Nobody can join it any more.
}

// A fault that this program does not know, of a newer server, keeps what it came
// with.
func ExampleUnlisted() {
	var f fault.Error
	if err := json.Unmarshal([]byte(`{"id":"room.haunted","title":"The room is haunted"}`), &f); err != nil {
		panic(err)
	}
	fmt.Println(f.Kind.ID, f.Kind.Listed(), f.Safe())
	fmt.Println(errors.Is(&f, fault.Unlisted("room.haunted", "")))
	// Output:
	// room.haunted false The room is haunted
	// true
}
