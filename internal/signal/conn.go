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
)

// Limits of one socket.
const (
	outQueue     = 1024             // frames that may wait to be written
	inFlight     = 64               // calls read but not handled yet; reading stops beyond
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

	out     chan outgoing
	writing sync.Mutex // held by whoever takes from out, so that the last words stay in order and ahead of the end
	keep    keeper
	// arrived is how much of the byte stream had when the socket was cut.
	arrived atomic.Uint64
	slots   chan struct{} // one per call in flight
	gone    chan struct{}
	once    sync.Once
	quota   *rate.Limiter
}

// outgoing is a frame on its way out.
type outgoing struct {
	b    []byte
	kept uint64 // its number, if it must not be missed; see keeper
}

func newConn(h *Handler, ws *websocket.Conn, addr string, raw net.Conn) *conn {
	ws.SetReadLimit(int64(h.cfg.MaxFrame * hardLimit))
	return &conn{
		h: h, ws: ws, addr: addr, raw: raw,
		out: make(chan outgoing, outQueue), slots: make(chan struct{}, inFlight),
		gone: make(chan struct{}), quota: rate.NewLimiter(rate.Limit(h.cfg.FrameRate), h.cfg.FrameRate*5),
	}
}

// send queues a frame. A client that does not read fast enough loses the
// socket, not the room: it resumes with the full state.
func (c *conn) send(v any) { c.queue(v, 0) }

// sendKept queues a frame that is not forgotten before the client has shown that
// it got it; see missed.
func (c *conn) sendKept(v any) { c.queue(v, c.keep.add(v)) }

// missed is what the client may never have got of what must not be missed.
func (c *conn) missed() []any {
	_, arrived := stream(c.raw)
	return c.keep.missed(max(arrived, c.arrived.Load()))
}

func (c *conn) queue(v any, kept uint64) {
	b, err := json.Marshal(v)
	if err != nil {
		c.h.log.Error("frame cannot be encoded", "err", err)
		return
	}
	select {
	case c.out <- outgoing{b, kept}:
	case <-c.gone:
	default:
		c.h.met.refused(fault.OpReconnect, fault.SlowConsumer)
		c.close(websocket.StatusTryAgainLater, "slow consumer")
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
		case f := <-c.out:
			if c.inject.Silent() {
				continue
			}
			wctx, cancel := context.WithTimeout(ctx, writeTimeout)
			err := c.ws.Write(wctx, websocket.MessageText, f.b)
			cancel()
			if err != nil {
				// A peer that has gone may have said goodbye before: what it
				// sent is still read, unless the network takes nothing more.
				if errors.Is(err, context.DeadlineExceeded) {
					c.cut()
				}
				return
			}
			c.h.met.framesOut.Inc()
			if f.kept != 0 {
				end, _ := stream(c.raw)
				if c.keep.wrote(f.kept, end) {
					go c.confirm(ctx)
				}
			}
		}
	}
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
		if kind != websocket.MessageText {
			c.refuse(raw, fault.FrameInvalid.New("want", "text frames"))
			continue
		}
		if len(raw) > c.h.cfg.MaxFrame {
			c.refuse(raw, fault.FrameTooLarge.New("max_bytes", c.h.cfg.MaxFrame, "bytes", len(raw)))
			continue
		}
		if !c.quota.Allow() {
			c.refuse(raw, fault.RateLimited.New("limit", c.h.cfg.FrameRate, "per", "second"))
			continue
		}
		select {
		case c.slots <- struct{}{}:
		case <-c.gone:
			return -1
		}
		take(raw, func() { <-c.slots })
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
		c.send(errorFrame{ID: head.ID, JSONRPC: "2.0", Error: wordFault(f)})
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
		_ = c.ws.CloseNow()
	})
}

// close writes what is queued, says why, and ends the socket. It does not wait.
func (c *conn) close(code websocket.StatusCode, why string) {
	c.once.Do(func() {
		close(c.gone)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
			defer cancel()
			c.writing.Lock()
			defer c.writing.Unlock()
			for {
				select {
				case f := <-c.out:
					if c.ws.Write(ctx, websocket.MessageText, f.b) == nil {
						continue
					}
				default:
				}
				break
			}
			_ = c.ws.Close(code, why)
		}()
	})
}
