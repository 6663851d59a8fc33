// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/config"
)

// BenchmarkJoin measures a join on an open socket until it is acknowledged, by one
// client after the other and by many at once.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cfg := config.Default()
			cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
			cfg.Data.Dir = b.TempDir()
			cfg.Access.Keys = []config.Key{{Access: "AK", Secret: "0123456789abcdefghijklmnopqrstuvwxyz"}}
			cfg.Limits.JoinsPerSecond, cfg.Limits.JoinsBurst, cfg.Limits.RoomPeers, cfg.Limits.AddressSockets = 1e6, 1e6, 1e6, 1e6
			cfg.Limits.Rooms = 1e6
			s, err := Start(b.Context(), cfg, NewLog(io.Discard, cfg.Log), Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Stop(b.Context()) })
			rooms := make([]Demo, 50)
			for i := range rooms {
				if rooms[i], err = s.Demo(b.Context(), fmt.Sprint("room-", i), time.Hour); err != nil {
					b.Fatal(err)
				}
			}
			var ids, waited atomic.Int64
			began := time.Now()
			b.SetParallelism(max(n/2, 1)) // times GOMAXPROCS
			one := func() {
				id := ids.Add(1)
				address := strings.Replace(s.URL(), "http", "ws", 1) + fmt.Sprintf("/ws?peer=p%d&token=", id) + url.QueryEscape(rooms[id%int64(len(rooms))].Tokens["guest"])
				c, _, err := websocket.Dial(b.Context(), address, nil)
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = c.Close(websocket.StatusNormalClosure, "") }()
				c.SetReadLimit(1 << 20)
				asked := time.Now()
				if err := c.Write(b.Context(), websocket.MessageText, []byte(`{"id":"j","jsonrpc":"2.0","method":"join","params":{"name":"Ann"}}`)); err != nil {
					b.Fatal(err)
				}
				for {
					_, raw, err := c.Read(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					var m message
					if json.Unmarshal(raw, &m) == nil && m.ID == "j" {
						break
					}
				}
				waited.Add(int64(time.Since(asked)))
			}
			b.ResetTimer()
			if n == 1 {
				for b.Loop() {
					one()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						one()
					}
				})
			}
			b.ReportMetric(float64(waited.Load())/1e6/float64(ids.Load()), "ms/join")
			b.ReportMetric(float64(ids.Load())/time.Since(began).Seconds(), "joins/s")
		})
	}
}
