// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
)

// manner is how a socket behaves.
type manner int

const (
	honest manner = iota
	hostile
	slow // hostile, and reads nothing once it is inside
)

// hostileAddress is where attackers come from: limits by address are not those
// of the honest people.
var hostileAddress = net.IPv4(127, 0, 0, 66)

func dialer(m manner) *net.Dialer {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if m == honest {
		return d
	}
	d.LocalAddr = &net.TCPAddr{IP: hostileAddress}
	if m == slow {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		}
	}
	return d
}

func httpClient(m manner) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: dialer(m).DialContext, DisableKeepAlives: m != honest, MaxIdleConnsPerHost: 100}}
}

// socket is one signalling socket, without media.
type socket struct {
	ws     *websocket.Conn
	manner manner

	mu      sync.Mutex
	waiting map[string]chan answer
	on      func(method string, params json.RawMessage) // before anything is read
	bytes   int64
	ended   chan struct{}
}

type answer struct {
	ID     string          `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code  int    `json:"code"`
		Fault string `json:"fault"`
	} `json:"error"`
}

var errRefused = errors.New("refused")

func dial(ctx context.Context, base, token, peer string, m manner) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q := url.Values{"peer": {peer}, "token": {token}, "user_agent_v2": {"os:linux,sdk:attack,sdk_version:1"}}
	ws, _, err := websocket.Dial(ctx, strings.Replace(base, "http", "ws", 1)+"/ws?"+q.Encode(), &websocket.DialOptions{HTTPClient: httpClient(m)})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(64 << 20)
	s := &socket{ws: ws, manner: m, waiting: map[string]chan answer{}, ended: make(chan struct{})}
	if m != slow {
		go s.read()
	}
	return s, nil
}

func (s *socket) read() {
	defer close(s.ended)
	for {
		_, raw, err := s.ws.Read(context.Background())
		if err != nil {
			return
		}
		var a answer
		_ = json.Unmarshal(raw, &a) // the attacker is no judge of frames
		s.mu.Lock()
		s.bytes += int64(len(raw))
		ch, on := s.waiting[a.ID], s.on
		delete(s.waiting, a.ID)
		s.mu.Unlock()
		if ch != nil {
			ch <- a
		} else if on != nil && a.Method != "" {
			on(a.Method, a.Params)
		}
	}
}

func (s *socket) listen(on func(string, json.RawMessage)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
}

func (s *socket) received() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func (s *socket) drop() { _ = s.ws.CloseNow() }

// send writes a frame as it is.
func (s *socket) send(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.ws.Write(ctx, websocket.MessageText, frame)
}

func frame(id, method string, params any) []byte {
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		panic(err) // what is sent is made here
	}
	return b
}

// ask sends a call and waits for its answer.
func (s *socket) ask(ctx context.Context, method string, params any) (json.RawMessage, error) {
	id, ch := uuid.NewString(), make(chan answer, 1)
	s.mu.Lock()
	s.waiting[id] = ch
	s.mu.Unlock()
	if err := s.send(ctx, frame(id, method, params)); err != nil {
		return nil, err
	}
	select {
	case a := <-ch:
		if a.Error != nil {
			return nil, fmt.Errorf("%w: %s: %s", errRefused, method, a.Error.Fault)
		}
		return a.Result, nil
	case <-s.ended:
		return nil, fmt.Errorf("the socket ended before %s was answered", method)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *socket) call(ctx context.Context, method string, params any) error {
	_, err := s.ask(ctx, method, params)
	return err
}

// join enters the room. A slow socket reads as far as that.
func (s *socket) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	params := map[string]any{"name": "x", "data": ""}
	if s.manner != slow {
		return s.call(ctx, "join", params)
	}
	if err := s.send(ctx, frame("in", "join", params)); err != nil {
		return err
	}
	for {
		_, raw, err := s.ws.Read(ctx)
		if err != nil {
			return err
		}
		var a answer
		if json.Unmarshal(raw, &a) == nil && a.ID == "in" {
			if a.Error != nil {
				return fmt.Errorf("%w: join: %s", errRefused, a.Error.Fault)
			}
			return nil
		}
	}
}

// inside is dial and join.
func inside(ctx context.Context, sc *scene, token, peer string, m manner) (*socket, error) {
	s, err := dial(ctx, sc.URL, token, peer, m)
	if err != nil {
		return nil, err
	}
	if err := s.join(ctx); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

// sendBinary writes a frame of the kind that is not spoken here.
func (s *socket) sendBinary(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.ws.Write(ctx, websocket.MessageBinary, frame)
}
