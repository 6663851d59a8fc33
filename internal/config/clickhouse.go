// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/url"
	"os"
	"strings"
)

// ClickHouse is where events go when events.store is clickhouse.
type ClickHouse struct {
	URL          string `yaml:"url" env:"REDIAL_CLICKHOUSE_URL" doc:"Address of the native protocol, such as clickhouse://db.example.org:9000; more hosts after commas, ?secure=true for TLS."`
	Database     string `yaml:"database" default:"redial" doc:"Database of this server's events, and of those of others that share it."`
	User         string `yaml:"user" doc:"User. Empty: the one of the url, or default."`
	PasswordFile string `yaml:"password_file" doc:"File whose first line is the password. Empty: none."`
	MaxBytes     int64  `yaml:"max_bytes" default:"107374182400" doc:"How large the events may become on ClickHouse's disk, as it tells of its own tables. Beyond it the oldest events go, of the account that holds most, with a line in the log. 0 is no bound; tables in front of others (Distributed) have none, and want a TTL."`
	TakeOver     bool   `yaml:"take_over" default:"false" doc:"Let a new data directory continue the database of a lost one. Set it for one start."`
	Shared       bool   `yaml:"shared" default:"false" doc:"Let a new data directory join a database that other servers write to. Each server then finds what all of them have shipped."`
}

// Password reads the password, "" when no file is named.
func (c *ClickHouse) Password() (string, error) {
	if c.PasswordFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimRight(first, "\r"), nil
}

func (k *checker) eventStore(e *Events) {
	k.oneOf(e.Store, "events.store", "sqlite", "clickhouse")
	if e.Store != "clickhouse" {
		return
	}
	c := &e.ClickHouse
	u, err := url.Parse(c.URL)
	k.require(err == nil && u.Scheme == "clickhouse" && u.Host != "", "events.clickhouse.url",
		"is not the address of a ClickHouse", "write it like clickhouse://db.example.org:9000")
	if err == nil && u.User != nil {
		_, has := u.User.Password()
		k.require(!has, "events.clickhouse.url", "holds a password", "put it in a file named by events.clickhouse.password_file")
	}
	k.require(c.MaxBytes == 0 || c.MaxBytes >= 1<<20, "events.clickhouse.max_bytes", "is less than 1048576", "make it 0 for no bound, or some GiB")
	k.require(isName(c.Database), "events.clickhouse.database", fmt.Sprintf("is %q", c.Database), "use letters, digits and underscores")
	if _, err := c.Password(); err != nil {
		k.add("events.clickhouse.password_file", err.Error(), "name a file that this server can read")
	}
}

// isName tells whether s needs no quoting in SQL.
func isName(s string) bool {
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9')
}
