package signal

import (
	"bufio"
	"context"
	"net"
	"net/http"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
)

// statusServiceRestart tells clients to connect again, perhaps to another node
// (registered with IANA for RFC 6455, 7.4.1).
const statusServiceRestart = websocket.StatusServiceRestart

// ServeWS answers the WebSocket. A browser cannot tell why an upgrade failed, so
// the socket is opened first and refusals are said over it.
func (h *Handler) ServeWS(w http.ResponseWriter, r *http.Request) {
	addr := h.address(r)
	if h.rate.Take(addr) > 0 {
		h.met.refused(fault.OpConnect, fault.RateLimited)
		w.Header().Set("Retry-After", "1")
		h.refuseInit(w, fault.From(fault.RateLimited.New("limit", h.cfg.InitRate, "per", "second"), fault.OpConnect))
		return
	}
	if h.upgradeInjected(w, r) {
		return
	}
	// The token, not the page's origin, says who may connect: apps live on
	// origins the server has never heard of.
	under := &tap{ResponseWriter: w}
	var c *conn
	ws, err := websocket.Accept(under, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
		OnPongReceived: func(context.Context, []byte) { c.keep.confirmed() }, // nothing is read before there is a conn
	})
	if err != nil {
		h.met.refused(fault.OpConnect, fault.SignalUpgrade)
		h.log.Info("upgrade refused", "err", err, "addr", addr)
		return
	}
	if proxied(r) {
		under.conn = nil
	}
	c = newConn(h, ws, addr, under.conn)
	if err := h.enter(c); err != nil {
		h.refuseSocket(c, fault.From(err, fault.OpConnect))
		c.write(r.Context())
		return
	}
	defer h.leave(c)
	q := r.URL.Query()
	v, err := h.admit(r.Context(), r, q.Get("token"), q.Get("peer"))
	if f := fault.From(err, fault.OpConnect); f != nil {
		h.turnAway(v, f)
		h.refuseSocket(c, f)
		return
	}
	// The request's context ends with this function; the socket is its own.
	ctx := context.WithoutCancel(r.Context())
	s := v.seat
	if s == nil {
		s = newSeat(h, v)
		if was := h.sit(s); was != s {
			s.inject.Close()
			s = was // two sockets of one peer raced; the second joins the first
		} else {
			go s.run()
		}
	}
	c.inject = s.inject
	go c.write(ctx)
	if !s.attach(c, v) {
		f := fault.From(fault.PeerGone.New("peer", v.peer), fault.OpReconnect)
		h.turnBack(v, f)
		h.refuseSocket(c, f)
		return
	}
	code := c.read(ctx, func(raw []byte, done func()) {
		s.in.post(func() { s.receive(c, raw); done() })
	})
	s.in.post(func() { s.detached(c, code) })
}

// tap keeps hold of the connection beneath a WebSocket.
type tap struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (t *tap) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	t.conn = c
	return c, rw, err
}

// proxied tells whether somebody between says to have passed a request on. It is
// only asked what an acknowledgement of TCP is worth, so nothing is gained by a
// lie.
func proxied(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// refuseSocket says a fault over an open socket and closes it. The client ends
// its session with the fault's number.
func (h *Handler) refuseSocket(c *conn, f *fault.Error) {
	c.send(news("on-error", wordFault(f)))
	c.close(websocket.StatusPolicyViolation, f.Kind.ID)
}

// enter counts a socket in, unless there are too many.
func (h *Handler) enter(c *conn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sockets) >= h.cfg.MaxSockets {
		return fault.QueueFull.New("limit", "sockets", "max", h.cfg.MaxSockets)
	}
	if h.perAddr[c.addr] >= h.cfg.PerAddress {
		return fault.RateLimited.New("limit", h.cfg.PerAddress, "per", "address")
	}
	h.sockets[c] = struct{}{}
	h.perAddr[c.addr]++
	h.met.sockets.Inc()
	return nil
}

func (h *Handler) leave(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, c)
	if h.perAddr[c.addr]--; h.perAddr[c.addr] <= 0 {
		delete(h.perAddr, c.addr)
	}
	h.met.sockets.Dec()
}
