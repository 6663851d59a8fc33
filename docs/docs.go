// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package docs holds the pages of this directory, for the site that is made of them.
package docs

import "embed"

// Files are the pages and their pictures.
//
//go:embed *.md *.jpg
var Files embed.FS
