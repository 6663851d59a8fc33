// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// slowBodies opens requests and sends their bodies a byte a second. None may be
// open at the end that was open at the beginning.
func slowBodies(ctx context.Context, sc *scene) (told, error) {
	const many = 200
	var conns []net.Conn
	refused := 0
	for i := range many {
		c, err := dialer(hostile).DialContext(ctx, "tcp", sc.Host)
		if err != nil {
			refused++
			continue
		}
		defer c.Close()
		path, bearer := "/v2/token", ""
		if i%2 == 1 {
			path, bearer = "/v2/client/report", "Authorization: Bearer "+sc.Viewers[0]+"\r\n"
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", path, sc.Host, bearer)
		conns = append(conns, c)
	}
	// An answer is no end: what has been answered may be drained for ever.
	closed := make(chan struct{}, many)
	for _, c := range conns {
		go func() { _, _ = io.Copy(io.Discard, c); closed <- struct{}{} }()
	}
	open := len(conns)
	for ctx.Err() == nil {
		pause(ctx, time.Second)
		for _, c := range conns {
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = c.Write([]byte(" "))
		}
		for more := true; more; {
			select {
			case <-closed:
				open--
			default:
				more = false
			}
		}
	}
	t := told{Found: fmt.Sprintf("%d of %d still open after %.0f s, %d not taken", open, many, sc.Seconds, refused)}
	if open > 0 {
		t.Broken = append(t.Broken, "bodies without end")
	}
	return t, nil
}

func idleSockets(ctx context.Context, sc *scene) (told, error) {
	tcp, ws := 0, 0
	var open []io.Closer
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for tcp < 3000 && ctx.Err() == nil {
		c, err := dialer(hostile).DialContext(ctx, "tcp", sc.Host)
		if err != nil {
			break
		}
		open = append(open, c)
		tcp++
	}
	for ctx.Err() == nil {
		s, err := dial(ctx, sc.URL, sc.Viewers[ws%len(sc.Viewers)], uuid.NewString(), hostile)
		if err != nil {
			pause(ctx, 50*time.Millisecond)
			continue
		}
		defer s.drop()
		ws++
	}
	return told{Found: fmt.Sprintf("%d connections, %d signalling sockets", tcp, ws)}, nil
}

// failure is a report as clients send it, which nobody has sent before.
func failure(n int) map[string]any {
	at := time.Now().UnixMilli() + int64(n)
	return map[string]any{"event": "disconnected", "event_id": uuid.NewString(), "timestamp": at, "payload": map[string]any{
		"error_name": "WebSocketConnectionLost", "error_code": 1003, "error_message": strings.Repeat("m", 1000), "error_description": uuid.NewString(),
		"action": "RECONNECT_SIGNAL", "is_terminal": false, "timestamp": at, "noise": strings.Repeat("n", 3000),
	}}
}

// events reports failures as fast as it can, over a socket and in batches.
func events(ctx context.Context, sc *scene) (told, error) {
	var wg sync.WaitGroup
	var frames, calls, refused int
	wg.Go(func() {
		n := 0
		frames, _, _ = pour(ctx, sc, sc.Viewers[0], hostile, func(int) []byte {
			n++
			r := failure(n)
			return frame("r", "analytics", map[string]any{"name": "publish.failed", "timestamp": r["timestamp"], "info": r["payload"]})
		})
	})
	client := httpClient(honest)
	client.Transport.(*http.Transport).DialContext = dialer(hostile).DialContext
	for n := 0; ctx.Err() == nil; calls++ {
		var list []any
		for range 50 {
			n++
			list = append(list, failure(n))
		}
		body, err := json.Marshal(list)
		if err != nil {
			return told{}, err
		}
		path := []string{"/v2/client/report", "/api/v1/events"}[calls%2]
		if status, err := post(ctx, client, sc.URL+path, sc.Viewers[0], body); err == nil && status != http.StatusOK {
			refused++
		}
	}
	wg.Wait()
	return told{Found: fmt.Sprintf("%d frames, %d calls of 50 events, %d refused", frames, calls, refused)}, nil
}

func post(ctx context.Context, client *http.Client, address, bearer string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// exchange gives a token for the room code, for a user id of the caller's choice.
func exchange(ctx context.Context, client *http.Client, sc *scene, user string) (string, error) {
	body, err := json.Marshal(map[string]string{"code": sc.Code, "user_id": user})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sc.URL+"/v2/token", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var got struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		return "", err
	}
	if got.Token == "" {
		return "", errRefused
	}
	return got.Token, nil
}

// mostStored is what one token may leave on the disk in the time of a flood.
const mostStored = 64 << 20

// countEvents says what one token left on the disk.
func countEvents(ctx context.Context, s *server, sc scene) (string, string, error) {
	n, err := s.count(ctx, "user_id=viewer-0")
	if err != nil {
		return "", "", err
	}
	size, err := sizeOf(s.data)
	if err != nil {
		return "", "", err
	}
	broken := ""
	if size > mostStored {
		broken = "disk"
	}
	return fmt.Sprintf("%d events stored, data directory %d MiB", n, size>>20), broken, nil
}

// count asks how many events there are.
func (s *server) count(ctx context.Context, query string) (int, error) {
	var page struct {
		Total int `json:"total"`
	}
	err := s.rest(ctx, http.MethodGet, "/v2/analytics/events?limit=10&"+query, nil, &page)
	return page.Total, err
}

func sizeOf(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it comes and goes
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// forged is a token that nobody signed.
func forged(sc *scene, n int) string {
	enc := base64.RawURLEncoding.EncodeToString
	payload, err := json.Marshal(map[string]any{
		"access_key": "attack", "type": "app", "version": 2, "room_id": sc.Room, "role": "host", "user_id": sc.User,
		"iat": time.Now().Unix(), "nbf": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "jti": fmt.Sprint(n),
	})
	if err != nil {
		panic(err) // it is made here
	}
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc(payload) + "." + enc(bytes.Repeat([]byte{7}, 32))
}

func unsigned(ctx context.Context, sc *scene) (told, error) {
	client := httpClient(honest)
	client.Transport.(*http.Transport).DialContext = dialer(hostile).DialContext
	calls := 0
	for ; ctx.Err() == nil; calls++ {
		tok := forged(sc, calls)
		switch calls % 3 {
		case 0:
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, sc.URL+"/init?peer_id="+uuid.NewString(), nil)
			if err != nil {
				return told{}, err
			}
			req.Header.Set("Authorization", "Bearer "+tok)
			if res, err := client.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		case 1:
			body, err := json.Marshal(failure(calls))
			if err != nil {
				return told{}, err
			}
			_, _ = post(ctx, client, sc.URL+"/v2/client/report", tok, body)
		case 2:
			if s, err := dial(ctx, sc.URL, tok, uuid.NewString(), hostile); err == nil {
				s.drop()
			}
		}
	}
	return told{Found: fmt.Sprintf("%d tokens", calls)}, nil
}

// countForged asks what is on record under the name of the host, who has failed
// at nothing.
func countForged(ctx context.Context, s *server, sc scene) (string, string, error) {
	n, err := s.count(ctx, "error=true&user_id="+sc.User)
	if err != nil {
		return "", "", err
	}
	apart, err := s.count(ctx, "error=true&user_id_proof=none&user_id="+sc.User)
	if err != nil {
		return "", "", err
	}
	broken := ""
	if n > 0 {
		broken = "a lie in the record"
	}
	return fmt.Sprintf("%d failures under the host's name, %d apart as not proven", n, apart), broken, nil
}
