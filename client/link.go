// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
)

// Liveness of a socket. The server answers pings at once, so a socket without
// a frame for the silence is half open.
const (
	pingEvery    = 3 * time.Second
	linkSilence  = 10 * time.Second
	writeTimeout = 10 * time.Second
	lastWords    = 3 * time.Second // for saying that we leave
	briefly      = time.Second     // for the last words of a join that failed
	maxFrame     = 1 << 20         // bytes
)

// link is one signalling socket. It calls heard for every notification, on its
// reading goroutine, and lost once when it ends by itself.
type link struct {
	ws    *websocket.Conn
	heard func(method string, params json.RawMessage)
	lost  func(*fault.Error)

	ctx  context.Context
	end  context.CancelFunc
	out  chan []byte  // nil is the last: see leave
	last atomic.Int64 // Unix nanoseconds of the last frame

	drained chan struct{} // closed when everything before the nil has been written

	mu      sync.Mutex
	pending map[string]waiting // calls without an answer so far, by their id
	why     *fault.Error       // why it ended

	wg sync.WaitGroup
}

// waiting is a call that waits for its answer.
type waiting struct {
	answer chan wireFrame        // has room for it
	first  func(json.RawMessage) // see callInOrder; may be nil
}

func newLink(ws *websocket.Conn, heard func(string, json.RawMessage), lost func(*fault.Error)) *link {
	ws.SetReadLimit(maxFrame)
	ctx, end := context.WithCancel(context.Background())
	l := &link{
		ws: ws, heard: heard, lost: lost, ctx: ctx, end: end,
		out: make(chan []byte, 256), drained: make(chan struct{}), pending: map[string]waiting{},
	}
	l.last.Store(time.Now().UnixNano())
	return l
}

// start begins reading, writing and pinging.
func (l *link) start() {
	l.wg.Add(3)
	go func() { defer l.wg.Done(); l.read() }()
	go func() { defer l.wg.Done(); l.write() }()
	go func() { defer l.wg.Done(); l.ping() }()
}

func (l *link) read() {
	for {
		kind, raw, err := l.ws.Read(l.ctx)
		if err != nil {
			l.fail(closedBy(err))
			return
		}
		l.last.Store(time.Now().UnixNano())
		var f wireFrame
		if kind != websocket.MessageText || json.Unmarshal(raw, &f) != nil || f.ID == "" && f.Method == "" {
			l.fail(asFault(fault.ResponseMalformed.New("what", "a frame that is not of the protocol", "frame", clip(string(raw), 80)), fault.OpConnect))
			return
		}
		if f.ID == "" {
			l.heard(f.Method, f.Params)
			continue
		}
		l.mu.Lock()
		w, asked := l.pending[f.ID]
		delete(l.pending, f.ID)
		l.mu.Unlock()
		if !asked {
			continue
		}
		if w.first != nil && f.Error == nil {
			w.first(f.Result)
		}
		w.answer <- f
	}
}

func closedBy(err error) *fault.Error {
	if code := websocket.CloseStatus(err); code != -1 {
		return asFault(fault.SignalLost.Wrap(err, "close_code", int(code)), fault.OpReconnect)
	}
	return asFault(fault.SignalLost.Wrap(err), fault.OpReconnect)
}

func (l *link) write() {
	for {
		select {
		case <-l.ctx.Done():
			return
		case b := <-l.out:
			if b == nil {
				close(l.drained)
				return
			}
			ctx, cancel := context.WithTimeout(l.ctx, writeTimeout)
			err := l.ws.Write(ctx, websocket.MessageText, b)
			cancel()
			if err != nil {
				l.fail(closedBy(err))
				return
			}
		}
	}
}

// ping keeps the socket alive and finds out when it is not: no answer from a
// peer that is gone without a FIN would ever come (RFC 9293, 3.8.3, takes
// minutes to give up).
func (l *link) ping() {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		if time.Since(time.Unix(0, l.last.Load())) > linkSilence {
			l.fail(asFault(fault.SignalSilent.New("seconds", int(linkSilence.Seconds())), fault.OpReconnect))
			return
		}
		_ = l.send(wireCall{ID: uuid.NewString(), JSONRPC: "2.0", Method: "ping",
			Params: map[string]int64{"timestamp": time.Now().UnixMilli()}})
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// send queues a frame. Fails with fault.SignalLost once the socket has ended,
// or when the network takes nothing any more.
func (l *link) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fault.ClientInternal.Wrap(err)
	}
	select {
	case <-l.ctx.Done():
		return l.gone()
	case l.out <- b:
		return nil
	default:
		return fault.SlowConsumer.New("queued", cap(l.out))
	}
}

func (l *link) notify(method string, params any) error {
	return l.send(wireCall{Method: method, Params: params})
}

// call asks and waits for the answer, which it decodes into result unless that
// is nil. It fails with what the server refused it with, fault.SignalLost when
// the socket ends first, and fault.SignalSilent when ctx runs out.
func (l *link) call(ctx context.Context, op fault.Op, method string, params, result any) error {
	raw, err := l.ask(ctx, op, method, params, nil)
	if err != nil || result == nil {
		return err
	}
	return decoded(raw, result, op, method)
}

// callInOrder is call for an answer that what the server says next builds upon:
// apply has the decoded answer on the reading goroutine, before anything else is
// heard. It runs at most once, and not any more when callInOrder has returned.
func callInOrder[T any](ctx context.Context, l *link, op fault.Op, method string, params any, apply func(T) error) error {
	var failed error
	_, err := l.ask(ctx, op, method, params, func(raw json.RawMessage) {
		var got T
		if failed = decoded(raw, &got, op, method); failed == nil {
			failed = apply(got)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

func decoded(raw json.RawMessage, result any, op fault.Op, method string) error {
	if err := json.Unmarshal(raw, result); err != nil {
		return asFault(fault.ResponseMalformed.Wrap(err, "method", method), op)
	}
	return nil
}

func (l *link) ask(ctx context.Context, op fault.Op, method string, params any, first func(json.RawMessage)) (json.RawMessage, error) {
	id := uuid.NewString()
	w := waiting{make(chan wireFrame, 1), first}
	l.mu.Lock()
	l.pending[id] = w
	l.mu.Unlock()
	// given withdraws the question, unless its answer is being given right now.
	given := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, waits := l.pending[id]
		delete(l.pending, id)
		return !waits
	}
	if err := l.send(wireCall{ID: id, JSONRPC: "2.0", Method: method, Params: params}); err != nil {
		given()
		return nil, asFault(err, op)
	}
	var why error
	select {
	case f := <-w.answer:
		return f.take(op)
	case <-l.ctx.Done():
		why = asFault(l.gone(), op)
	case <-ctx.Done():
		why = asFault(ctx.Err(), op)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			why = asFault(fault.SignalSilent.Wrap(ctx.Err(), "method", method), op)
		}
	}
	if given() {
		return (<-w.answer).take(op)
	}
	return nil, why
}

// take is what the frame of an answer says.
func (f wireFrame) take(op fault.Op) (json.RawMessage, error) {
	if f.Error != nil {
		return nil, f.Error.fault(op)
	}
	return f.Result, nil
}

func (l *link) gone() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why != nil {
		return l.why
	}
	return fault.SignalLost.New()
}

// fail ends the link because of the other side.
func (l *link) fail(why *fault.Error) {
	l.mu.Lock()
	first := l.why == nil && l.ctx.Err() == nil
	if first {
		l.why = why
	}
	l.mu.Unlock()
	if !first {
		return
	}
	l.end()
	_ = l.ws.CloseNow()
	l.lost(why)
}

// drop ends the link without a word and waits for its goroutines. It must not
// be called from heard or lost.
func (l *link) drop() {
	l.end()
	_ = l.ws.CloseNow()
	l.wg.Wait()
}

// leave writes what is queued and a last notification, if there is one,
// closes the socket with 1000 and waits for the goroutines.
func (l *link) leave(method string, params any, patience time.Duration) {
	l.mu.Lock()
	alive := l.why == nil && l.ctx.Err() == nil
	if alive {
		// From here on the end of reading is no failure, which would cut the
		// socket before the goodbye has got through.
		l.why = asFault(fault.SignalClosed.New(), fault.OpLeave)
	}
	l.mu.Unlock()
	b, err := json.Marshal(wireCall{Method: method, Params: params})
	if err == nil && alive {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		select { // what was queued before goes first
		case l.out <- nil:
			select {
			case <-l.drained:
			case <-l.ctx.Done():
			case <-ctx.Done():
			}
		case <-l.ctx.Done():
		case <-ctx.Done():
		}
		if method == "" || l.ws.Write(ctx, websocket.MessageText, b) == nil {
			// The close frame follows; whether it is answered no longer matters.
			go func() { <-ctx.Done(); _ = l.ws.CloseNow() }()
			_ = l.ws.Close(websocket.StatusNormalClosure, "")
		}
		cancel()
	}
	l.drop()
}
