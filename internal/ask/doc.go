// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package ask asks a browser, after a failure, what only it can find out: a page that
// somebody opens by a link tries each way to the server by itself.
//
// [Runs] are the openings of that page. Each makes a few connections, which carry
// nothing but what the page sends to itself, holds one socket, and is told once what the
// page found. What the server saw of it meanwhile stands beside that. Whoever has the
// link can do all of this, so everything is bounded, and nothing of it proves a cause.
package ask
