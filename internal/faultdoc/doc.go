// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package faultdoc renders the catalogue of faults and the vendors' vocabularies
// for everyone who reads them: people at a terminal, the documentation, the REST
// API, and pages in TypeScript. Everything it makes is derived from packages
// fault and dialect, so nothing is told twice.
package faultdoc
