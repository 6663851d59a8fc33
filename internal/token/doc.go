// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package token mints and verifies the JSON Web Tokens (RFC 7519) that open
// rooms and the management API.
//
// A token is signed with HMAC-SHA256 and nothing else; it names the access key
// whose secret signed it. Each way in which a token can be wrong is a fault of
// its own, so that whoever minted it can see what to put right.
package token
