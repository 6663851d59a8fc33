// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// Health is how a server is, as it knows itself.
type Health struct {
	At           time.Time         `json:"at"`
	Ready        bool              `json:"ready"`
	Checks       map[string]string `json:"checks"` // "ok", or what is wrong
	Process      *HealthProcess    `json:"process"`
	Media        []HealthAddress   `json:"media"` // each address that clients are told, with the probe of itself
	Disk         *HealthDisk       `json:"disk"`  // nil: not known
	Certificates []HealthCert      `json:"certificates"`
	Keys         []KeyUse          `json:"keys"`
	Webhooks     []Webhook         `json:"webhooks"`
	Witness      *HealthWitness    `json:"witness"` // nil: not known
}

// HealthWitness is how often the clients' side of failures is known.
type HealthWitness struct {
	Since  time.Time `json:"since"`  // a day ago
	Total  int       `json:"total"`  // failures since then
	Looked int       `json:"looked"` // of these, the latest, that were looked at, up to 1,000
	Client int       `json:"client"` // of these, that a client told, alone or beside the server
	Device int       `json:"device"` // of these, with what the client's device knew
}

// HealthProcess is how the server's process fares.
type HealthProcess struct {
	Version  string    `json:"version,omitempty"`
	Started  time.Time `json:"started"`
	Stall    int64     `json:"stall_ms,omitempty"` // how long it stood still
	StallAt  time.Time `json:"stall_at,omitzero"`
	Step     int64     `json:"clock_step_ms,omitempty"` // by how much its clock was set, forwards or back
	StepAt   time.Time `json:"clock_step_at,omitzero"`
	Files    int       `json:"files,omitempty"` // open file descriptors
	MaxFiles int       `json:"max_files,omitempty"`
	Queue    *int      `json:"events_waiting,omitempty"`
	UDPLost  uint64    `json:"udp_lost,omitempty"` // datagrams since the start for which a socket of its machine had no room
}

// HealthAddress is an address that clients are told for media, by its kind.
type HealthAddress struct {
	Protocol   string    `json:"protocol"`
	Address    string    `json:"address"` // its kind, such as "ipv4 public" or "ipv4 loopback"
	Hash       string    `json:"hash,omitempty"`
	Through    int       `json:"through"`          // connections of the last 10 minutes that came up by it
	Networks   int       `json:"networks"`         // from how many networks
	Failed     int       `json:"failed,omitempty"` // connections that did not come up in time, told once
	Probed     time.Time `json:"probed,omitzero"`  // when the server last sent itself a packet to it
	Answered   time.Time `json:"answered,omitzero"`
	Advertised bool      `json:"advertised,omitempty"` // it is a setting
	Judged     string    `json:"judged,omitempty"`     // by the check of addresses at the start
}

// HealthDisk is the filesystem of the data directory, in bytes.
type HealthDisk struct {
	Free uint64 `json:"free"` // that the server may still write
	Size uint64 `json:"size"`
}

// HealthCert is a certificate that the server serves.
type HealthCert struct {
	Domain string    `json:"domain"`
	Ends   time.Time `json:"ends"`
}

// KeyUse is a key that signs tokens; its secret is never told.
type KeyUse struct {
	Access   string     `json:"access_key"`
	LastUsed *time.Time `json:"last_used"` // nil: no good token since the server was started
}

// Health tells how the server is.
func (c *Client) Health(ctx context.Context) (Health, error) {
	return fetch[Health](ctx, c, get("/api/v1/health"))
}
