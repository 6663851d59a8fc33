package socket

import (
	"bufio"
	"net"
	"net/http"
)

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
