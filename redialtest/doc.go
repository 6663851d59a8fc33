// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package redialtest runs a Redial server for the tests of an app: rooms and
// tokens on demand, good ones and bad ones, failures provoked in live calls, and
// the record of what went wrong.
//
//	func TestTheAppSaysThatTheRoomIsLocked(t *testing.T) {
//		srv := redialtest.Start(t)
//		room := srv.CreateRoom(t, redialtest.Room{})
//		srv.Inject(t, redialtest.Injection{Fault: "room.locked", Room: room.ID})
//
//		said := myapp.Join(srv.URL, srv.Token(t, redialtest.Token{Room: room.ID, User: "ada"}))
//
//		if said != "The host has locked the room." {
//			t.Errorf("the app says %q", said)
//		}
//		srv.WaitForEvent(t, redialtest.Filter{Room: room.ID, User: "ada", Fault: "room.locked"})
//	}
//
// [Start] runs the program redial as a child process with a free port and a data
// directory of its own. The child ends with the test, also when the test is
// killed. Nothing needs to be installed in a module that has
//
//	go mod edit -tool github.com/redial-rtc/redial/cmd/redial
//
// since the program is then built from there, in the version of this package; see
// [Config.Binary] for other ways, and docs/testing.md for a module that has a
// clone of the repository instead of a version.
//
// Methods that take a testing.TB fail that test when they cannot do what they are
// asked, and undo at its end what they did: an injection made with the t of a
// subtest ends with the subtest. So one server, from [Open] in TestMain, can serve
// all the tests of a package, each in a room of its own.
//
// Everything but the start goes over the REST API. [Connect] does the same with a
// server that runs elsewhere.
package redialtest
