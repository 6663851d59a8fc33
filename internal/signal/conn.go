package signal

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/limit"
)

// Limits of one socket.
const (
	inFlight     = 64               // calls read but not handled yet; reading stops beyond
	inFlightSize = 1 << 20          // bytes of these
	writeTimeout = 10 * time.Second // for one frame
	// The client pings every 3 s. A socket silent for this long is half open.
	silence   = 20 * time.Second
	hardLimit = 4 // a frame this many times over the limit closes the socket
)

// conn is one WebSocket.
type conn struct {
	h      *Handler
	ws     *websocket.Conn
	addr   string
	inject *inject.Peer // asked before each frame is written; nil: never

	raw net.Conn // beneath the WebSocket, if it leads to the client itself

	out     *outbox
	writing sync.Mutex // held by whoever takes from out, so that the last words stay in order and ahead of the end
	keep    keeper
	// arrived is how much of the byte stream had when the socket was cut.
	arrived atomic.Uint64
	flight  *flight // calls read but not handled yet
	gone    chan struct{}
	once    sync.Once
	quota   *rate.Limiter // frames
	intake  *limit.Bucket // bytes
}

func newConn(h *Handler, ws *websocket.Conn, addr string, raw net.Conn) *conn {
	ws.SetReadLimit(int64(h.cfg.MaxFrame * hardLimit))
	b := h.cfg.Bounds
	return &conn{
		h: h, ws: ws, addr: addr, raw: raw,
		out: newOutbox(b.SocketQueue, h.queued), keep: keeper{most: b.Away}, flight: newFlight(),
		gone: make(chan struct{}), quota: rate.NewLimiter(rate.Limit(h.cfg.FrameRate), h.cfg.FrameRate*5),
		intake: limit.NewBucket(b.Read, readBurst*b.Read),
	}
}

// send queues a frame and returns its length. A client that does not read fast
// enough loses the socket, not the room: it resumes with the full state.
func (c *conn) send(v any) int {
	b, err := encode(v)
	if err != nil {
		c.h.log.Error("frame cannot be encoded", "err", err)
		return 0
	}
	c.queue(outgoing{b: b})
	return len(b)
}

// sendKept queues an encoded frame that is not forgotten before the client has
// shown that it got it; see missed.
func (c *conn) sendKept(b []byte) { c.queue(outgoing{b, c.keep.add(b)}) }

// missed is what the client may never have got of what must not be missed.
func (c *conn) missed() [][]byte {
	_, arrived := stream(c.raw)
	return c.keep.missed(max(arrived, c.arrived.Load()))
}

func (c *conn) queue(f outgoing) {
	if !c.out.put(f) {
		c.slow("limits.socket_queue_bytes")
	} else if c.h.queued.Over() {
		c.h.shed()
	}
}

// slow ends a socket whose client leaves too much unread. What waits for it is
// forgotten at once, as its memory is needed.
func (c *conn) slow(setting string) {
	waiting := c.out.waiting()
	if c.close(websocket.StatusTryAgainLater, fault.SlowConsumer.ID) {
		c.out.close()
		f := fault.From(fault.SlowConsumer.New("limit", setting, "bytes", waiting), fault.OpReconnect)
		c.h.met.refused(f.Op, f.Kind)
		c.h.met.limited.WithLabelValues(setting).Inc()
		c.h.log.Warn("a client does not read", "fault", f, "addr", c.addr)
	}
}

// write sends what is queued until the socket ends.
func (c *conn) write(ctx context.Context) {
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
			if !c.inject.Silent() && !c.writeFrame(ctx, f) {
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
func (c *conn) writeFrame(ctx context.Context, f outgoing) bool {
	wctx, cancel := context.WithTimeout(ctx, writeTimeout)
	err := c.ws.Write(wctx, websocket.MessageText, f.b)
	cancel()
	if err != nil {
		// A peer that has gone may have said goodbye before: what it sent is
		// still read, unless the network takes nothing more.
		if errors.Is(err, context.DeadlineExceeded) {
			c.cut()
		}
		return false
	}
	c.h.met.framesOut.Inc()
	if f.kept != 0 {
		end, _ := stream(c.raw)
		if c.keep.wrote(f.kept, end) {
			go c.confirm(ctx)
		}
	}
	return true
}

// read hands every frame to take until the socket ends, and returns why it
// ended: a close code, or -1 when there was none.
func (c *conn) read(ctx context.Context, take func(raw []byte, done func())) websocket.StatusCode {
	idle := time.AfterFunc(silence, c.cut)
	for {
		idle.Reset(silence)
		kind, raw, err := c.ws.Read(ctx)
		idle.Stop()
		if err != nil {
			c.drop()
			if code := websocket.CloseStatus(err); code != -1 {
				return code
			}
			if errors.Is(err, io.EOF) {
				return websocket.StatusAbnormalClosure
			}
			return -1
		}
		c.h.met.framesIn.Inc()
		// Every frame counts, whatever is in it.
		c.intake.Spend(len(raw))
		switch within := c.quota.Allow(); {
		case !within:
			c.h.met.limited.WithLabelValues("limits.frames_per_second").Inc()
			c.refuse(raw, tooMuch("limits.frames_per_second", c.h.cfg.FrameRate, time.Second))
			c.pause(time.Second / time.Duration(c.h.cfg.FrameRate))
		case kind != websocket.MessageText:
			c.refuse(raw, fault.FrameInvalid.New("want", "text frames"))
		case len(raw) > c.h.cfg.MaxFrame:
			c.refuse(raw, fault.FrameTooLarge.New("limit", "limits.frame_bytes", "max_bytes", c.h.cfg.MaxFrame, "bytes", len(raw)))
		case !c.flight.enter(len(raw), c.gone):
			return -1
		default:
			take(raw, func() { c.flight.leave(len(raw)) })
		}
		if wait := c.intake.Wait(); wait > 0 {
			c.h.met.limited.WithLabelValues("limits.socket_bytes_per_second").Inc()
			c.pause(wait)
		}
	}
}

// pause reads nothing for a while, so that a client that sends too much is
// slowed down by its own network.
func (c *conn) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.gone:
	}
}

// refuse answers a frame that is not even looked at.
func (c *conn) refuse(raw []byte, err error) {
	f := fault.From(err, fault.OpConnect)
	c.h.met.refused(f.Op, f.Kind)
	var head struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &head) == nil && head.ID != "" {
		c.send(errorFrame{ID: clip(head.ID, maxCallID), JSONRPC: "2.0", Error: wordFault(f)})
	}
}

// cut ends a socket that leads nowhere any more. What it still holds must not
// arrive late, when the client has long got it on another.
func (c *conn) cut() {
	_, arrived := stream(c.raw)
	c.arrived.Store(arrived)
	raw := c.raw
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if t, ok := raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.drop()
}

// drop ends the socket without ceremony.
func (c *conn) drop() {
	c.once.Do(func() {
		close(c.gone)
		c.out.close()
		_ = c.ws.CloseNow()
	})
}

// close writes what is queued, says why, and ends the socket. It does not wait,
// and tells whether the end is its doing.
func (c *conn) close(code websocket.StatusCode, why string) (ended bool) {
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
