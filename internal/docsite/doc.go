// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package docsite makes the documentation site of the pages under docs/: HTML with
// a menu and a search, as files that need no server and ask no other host for
// anything. The binary serves the same files under /docs/.
//
// What is read is GitHub's Markdown (https://github.github.com/gfm/), and headings
// have the names that GitHub gives them, so links hold in both places. A link that
// leaves docs/ leads to the repository.
package docsite
