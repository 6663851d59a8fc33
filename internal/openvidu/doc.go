// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package openvidu is the REST API that backends of OpenVidu 2 apps call, as far
// as openvidu-node-client needs it to bring people into calls: sessions,
// connections and signals.
//
// A session is a room of that name. A connection is a seat in it that somebody
// may take once, with the token that it was made with; the wire asks
// [Service.Redeem] for it. Both live in memory, as those of OpenVidu 2 do; the
// room does not.
package openvidu
