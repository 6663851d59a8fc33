// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/limit"
)

// Limits of one socket.
const (
	inFlight     = 64               // calls read but not handled yet; reading stops beyond
	inFlightSize = 1 << 20          // bytes of these
	writeTimeout = 10 * time.Second // for one frame
	// Clients ping every few seconds. A socket silent for this long is half open.
	silence   = 20 * time.Second
	hardLimit = 4 // a frame this many times over the limit closes the socket
)

// Config is how a wire wants its sockets.
type Config struct {
	MaxFrame  int // bytes of a frame; four times as many close the socket
	FrameRate int // frames a second, five times as many at once
	Log       *slog.Logger

	// Refused words the answer to a frame that is not even looked at: nil for
	// none. It is called in the goroutine of Read.
	Refused func(frame []byte, f *fault.Error) any
	// Expected tells whether a frame beyond MaxFrame is one that was asked for;
	// see [Conn.Expect]. nil: none is.
	Expected func(frame []byte) bool
	// Slow hears of a client that left too much unread, as its socket ends.
	Slow func(*fault.Error)
}

// Conn is one WebSocket.
type Conn struct {
	set  *Set
	cfg  Config
	ws   *websocket.Conn
	addr string // who it counts as, for limits

	// Silent is asked before each frame is written: true drops the frame. It is
	// set before Write begins; nil is never.
	Silent func() bool

	expect atomic.Int64 // bytes of a frame that was asked for

	opened          time.Time
	lastIn, lastOut atomic.Int64 // when a frame last came and went, Unix milliseconds
	ending          atomic.Pointer[ending]

	idleMu sync.Mutex
	idle   *time.Timer // cuts a socket on which nothing arrives
	probe  time.Time   // by when something has to arrive; zero: in time

	raw net.Conn // beneath the WebSocket, if it leads to the client itself

	out     *outbox
	writing sync.Mutex // held by whoever takes from out, so that the last words stay in order and ahead of the end
	unacked unacked
	// arrived is how much of the byte stream had when the socket was cut.
	arrived atomic.Uint64
	flight  *flight // calls read but not handled yet
	gone    chan struct{}
	once    sync.Once
	quota   *rate.Limiter // frames
	intake  *limit.Bucket // bytes
}

// Accept answers the upgrade to a WebSocket (RFC 6455, section 4.2). On failure
// the request has been answered. addr is who the socket counts as. It counts
// only once it was added.
func (s *Set) Accept(w http.ResponseWriter, r *http.Request, addr string, cfg Config) (*Conn, error) {
	under := &tap{ResponseWriter: w}
	b := s.cfg.Bounds
	c := &Conn{
		set: s, cfg: cfg, addr: addr,
		out: newOutbox(b.Queue, s.queued), unacked: unacked{most: b.Away, keep: s.keep}, flight: newFlight(),
		opened: time.Now(), gone: make(chan struct{}), quota: rate.NewLimiter(rate.Limit(cfg.FrameRate), cfg.FrameRate*5),
		intake: limit.NewBucket(b.Read, readBurst*b.Read),
	}
	var err error
	// The token, not the page's origin, says who may connect: apps live on
	// origins the server has never heard of.
	c.ws, err = websocket.Accept(under, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
		OnPongReceived: func(context.Context, []byte) { c.unacked.confirmed() },
	})
	if err != nil {
		return nil, err
	}
	if !Proxied(r) {
		c.raw = under.conn
	}
	c.ws.SetReadLimit(int64(cfg.MaxFrame * hardLimit))
	c.idle = time.AfterFunc(silence, func() { c.cut(evidence.HowSilence) })
	c.idle.Stop() // until Read
	return c, nil
}

// Send queues a frame and returns its length. A client that does not read fast
// enough loses the socket, not the room: it resumes with the full state.
func (c *Conn) Send(v any) int {
	b, err := Encode(v)
	if err != nil {
		c.cfg.Log.Error("frame cannot be encoded", "err", err)
		return 0
	}
	c.SendFrame(b)
	return len(b)
}

// SendFrame queues an encoded frame, which may be that of other sockets as well.
func (c *Conn) SendFrame(b []byte) { c.queue(outgoing{b: b}) }

// SendReliable queues an encoded frame that is not forgotten before the client has
// shown that it got it; see Missed.
func (c *Conn) SendReliable(b []byte) { c.queue(outgoing{b, c.unacked.add(b)}) }

// Missed hands over what the client may never have got of what must not be missed,
// and tells how many frames of that are lost. It is due once the socket has ended
// or was replaced.
func (c *Conn) Missed() (frames [][]byte, lost int) {
	_, arrived := stream(c.raw)
	defer c.unacked.release()
	return c.unacked.missed(max(arrived, c.arrived.Load()))
}

func (c *Conn) queue(f outgoing) {
	if !c.out.put(f) {
		c.Slow("limits.socket_queue_bytes")
	} else if c.set.queued.Over() {
		c.set.dropSlowest()
	}
}

// Slow ends a socket whose client leaves too much unread. What waits for it is
// forgotten at once, as its memory is needed.
func (c *Conn) Slow(setting string) {
	waiting := c.out.waiting()
	c.ends(evidence.ByServer, evidence.HowSlow, websocket.StatusTryAgainLater)
	if c.end(websocket.StatusTryAgainLater, fault.SlowConsumer.ID) {
		c.out.close()
		f := fault.From(fault.SlowConsumer.New("limit", setting, "bytes", waiting), fault.OpReconnect)
		c.set.Limited(setting)
		c.cfg.Slow(f)
		c.cfg.Log.Warn("a client does not read", "fault", f, "addr", c.addr)
	}
}

// Write sends what is queued until the socket ends.
func (c *Conn) Write(ctx context.Context) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		select {
		case <-c.gone:
			return
		case <-c.out.ready:
		}
		for {
			f, ok := c.out.take()
			if !ok {
				break
			}
			if !c.silent() && !c.writeFrame(ctx, f) {
				return
			}
			c.out.sent(f)
			select {
			case <-c.gone:
				return
			default:
			}
		}
	}
}

// writeFrame writes one frame and tells whether there can be another.
func (c *Conn) writeFrame(ctx context.Context, f outgoing) bool {
	wctx, cancel := context.WithTimeout(ctx, writeTimeout)
	err := c.ws.Write(wctx, websocket.MessageText, f.b)
	cancel()
	if err != nil {
		// A peer that has gone may have said goodbye before: what it sent is
		// still read, unless the network takes nothing more.
		if errors.Is(err, context.DeadlineExceeded) {
			c.cut(evidence.HowStuck)
		}
		return false
	}
	c.set.framesOut.Inc()
	c.lastOut.Store(time.Now().UnixMilli())
	if f.kept != 0 {
		end, _ := stream(c.raw)
		if c.unacked.wrote(f.kept, end) {
			go c.confirm(ctx)
		}
	}
	return true
}

// Read hands every frame to take until the socket ends, and returns why it
// ended: a close code, or -1 when there was none.
func (c *Conn) Read(ctx context.Context, take func(raw []byte, done func())) websocket.StatusCode {
	for {
		c.awaitFrame()
		kind, raw, err := c.ws.Read(ctx)
		c.frameCame()
		if err != nil {
			code := websocket.CloseStatus(err)
			if code == -1 && errors.Is(err, io.EOF) {
				code = websocket.StatusAbnormalClosure
			}
			by, how := endedBy(code, err)
			c.ends(by, how, frameCode(code))
			c.Drop()
			return code
		}
		c.set.framesIn.Inc()
		c.lastIn.Store(time.Now().UnixMilli())
		// Every frame counts, whatever is in it.
		c.intake.Spend(len(raw))
		switch within := c.quota.Allow(); {
		case !within:
			c.set.Limited("limits.frames_per_second")
			c.refuse(raw, limit.Exceeded("limits.frames_per_second", c.cfg.FrameRate, time.Second))
			c.pause(time.Second / time.Duration(c.cfg.FrameRate))
		case kind != websocket.MessageText:
			c.refuse(raw, fault.FrameInvalid.New("want", "text frames"))
		case len(raw) > c.cfg.MaxFrame && !c.expected(raw):
			c.refuse(raw, fault.FrameTooLarge.New("limit", "limits.frame_bytes", "max_bytes", c.cfg.MaxFrame, "bytes", len(raw)))
		case !c.flight.enter(len(raw), c.gone):
			return -1
		default:
			take(raw, func() { c.flight.leave(len(raw)) })
		}
		if wait := c.intake.Wait(); wait > 0 {
			c.set.Limited("limits.socket_bytes_per_second")
			c.pause(wait)
		}
	}
}

// Expect lets in longer frames than usual of the kind that was asked for, of so
// many bytes. It may be called from anywhere.
func (c *Conn) Expect(bytes int) {
	c.expect.Store(int64(bytes))
	c.ws.SetReadLimit(int64(max(bytes, c.cfg.MaxFrame*hardLimit)))
}

func (c *Conn) expected(raw []byte) bool {
	return len(raw) <= int(c.expect.Load()) && c.cfg.Expected != nil && c.cfg.Expected(raw)
}

// pause reads nothing for a while, so that a client that sends too much is
// slowed down by its own network.
func (c *Conn) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.gone:
	}
}

// refuse answers a frame that is not even looked at.
func (c *Conn) refuse(raw []byte, err error) {
	if v := c.cfg.Refused(raw, fault.From(err, fault.OpConnect)); v != nil {
		c.Send(v)
	}
}

func (c *Conn) silent() bool { return c.Silent != nil && c.Silent() }

// cut ends a socket that leads nowhere any more. What it still holds must not
// arrive late, when the client has long got it on another.
func (c *Conn) cut(how string) {
	c.ends(evidence.ByServer, how, 0)
	_, arrived := stream(c.raw)
	c.arrived.Store(arrived)
	raw := c.raw
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if t, ok := raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Drop()
}

// Probe cuts the socket if nothing arrives for so long. A client that lives pings
// every few seconds.
func (c *Conn) Probe(patience time.Duration) {
	c.idleMu.Lock()
	defer c.idleMu.Unlock()
	c.probe = time.Now().Add(patience)
	c.idle.Reset(min(patience, silence))
}

// awaitFrame begins to wait for a frame, no longer than a probe allows.
func (c *Conn) awaitFrame() {
	c.idleMu.Lock()
	defer c.idleMu.Unlock()
	wait := silence
	if !c.probe.IsZero() {
		wait = min(time.Until(c.probe), silence)
	}
	c.idle.Reset(wait)
}

// frameCame ends the wait: the client lives.
func (c *Conn) frameCame() {
	c.idleMu.Lock()
	defer c.idleMu.Unlock()
	c.idle.Stop()
	c.probe = time.Time{}
}

// Drop ends the socket without ceremony. Where nothing else has ended it, that is what
// somebody between the two does who cuts it, and it is noted so.
func (c *Conn) Drop() {
	c.ends(evidence.ByRemote, evidence.HowReset, 0)
	c.once.Do(func() {
		close(c.gone)
		c.out.close()
		_ = c.ws.CloseNow()
	})
}

// Close writes what is queued, says why, and ends the socket. It does not wait.
func (c *Conn) Close(code websocket.StatusCode, why string) { c.end(code, why) }

// end is Close, and tells whether the end is its doing.
func (c *Conn) end(code websocket.StatusCode, why string) (ended bool) {
	c.ends(evidence.ByServer, evidence.HowClose, code)
	c.once.Do(func() {
		ended = true
		close(c.gone)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
			defer cancel()
			c.writing.Lock()
			defer c.writing.Unlock()
			defer c.out.close()
			for f, ok := c.out.take(); ok; f, ok = c.out.take() {
				if c.ws.Write(ctx, websocket.MessageText, f.b) != nil {
					break
				}
			}
			_ = c.ws.Close(code, why)
		}()
	})
	return ended
}
