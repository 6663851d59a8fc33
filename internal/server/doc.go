// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package server builds everything from the configuration, runs it, and closes
// it in reverse.
//
// It owns what belongs to the process rather than to a part: sockets that
// listen, TLS, the routes' first level, health, metrics, the self-check of media
// addresses, and the order of starting and stopping. Between parts that do not
// know each other it puts small adapters ([directory]); it decides
// nothing about rooms, media or events.
package server
