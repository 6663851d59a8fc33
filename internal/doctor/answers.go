// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// What servers answer is read here, within bounds.
const (
	maxAnswer  = 64 << 10
	maxNumbers = 8 << 20
)

// readyChecks reads an answer of /readyz; nil for that of another program.
func readyChecks(body io.Reader) map[string]string {
	var said struct {
		Checks map[string]string `json:"checks"`
	}
	if json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&said) != nil {
		return nil
	}
	return said.Checks
}

// iceServer is a STUN or TURN server as clients are told of it.
type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

// iceServers reads an answer of /init.
func iceServers(body io.Reader) []iceServer {
	var in struct {
		RTC struct {
			Servers []iceServer `json:"ice_servers"`
		} `json:"rtcConfiguration"`
	}
	_ = json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&in)
	return in.RTC.Servers
}

// numbers reads an answer of /metrics: values by name and labels as they stand.
func numbers(body io.Reader) map[string]float64 {
	all := map[string]float64{}
	for lines := bufio.NewScanner(io.LimitReader(body, maxNumbers)); lines.Scan(); {
		i := strings.LastIndexByte(lines.Text(), ' ')
		if i < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		if v, err := strconv.ParseFloat(lines.Text()[i+1:], 64); err == nil {
			all[lines.Text()[:i]] = v
		}
	}
	return all
}

// label is the value of a label as /metrics writes it.
func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// isManagement tells whether a token is one, as it says of itself.
func isManagement(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Type string `json:"type"`
	}
	return err == nil && json.Unmarshal(raw, &claims) == nil && claims.Type == "management"
}
