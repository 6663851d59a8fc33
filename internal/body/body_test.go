// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package body

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// TestABodyIsReadWhole: however long it is, says that it is, and however it comes.
func TestABodyIsReadWhole(t *testing.T) {
	for _, n := range []int{0, 1, believed - 1, believed, believed + 1, 3 * believed, 1 << 20} {
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		for _, says := range []int64{-1, 0, int64(n), int64(n) / 2} {
			for how, r := range map[string]io.Reader{"at once": bytes.NewReader(want), "in halves": iotest.HalfReader(bytes.NewReader(want)), "with its end": iotest.DataErrReader(bytes.NewReader(want))} {
				if got, err := readAll(r, says); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes that say they are %d, %s: %d bytes, %v", n, says, how, len(got), err)
				}
			}
		}
	}
}

// TestABodyThatSaysItIsLong: nothing is set aside for what does not come, and what has come
// is told with the failure.
func TestABodyThatSaysItIsLong(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{10, believed, believed + 10} {
		got, err := readAll(io.MultiReader(strings.NewReader(strings.Repeat("x", n)), iotest.ErrReader(broken)), 1<<20)
		if !errors.Is(err, broken) || len(got) != n {
			t.Errorf("after %d bytes: %d, %v", n, len(got), err)
		}
		if n < believed && cap(got) > 2*believed {
			t.Errorf("after %d bytes there is room for %d", n, cap(got))
		}
	}
}

// BenchmarkReadAll is a call of 100 events, and a report.
func BenchmarkReadAll(b *testing.B) {
	for name, n := range map[string]int{"call of 100": 150 << 10, "report": 1300} {
		body := make([]byte, n)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := readAll(bytes.NewReader(body), int64(n)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestWhatIsWrongWithABody: each of the ways in which a body can be wrong has a fault of its
// own. None of them is taken for another.
func TestWhatIsWrongWithABody(t *testing.T) {
	const most = 100
	read := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		}
		_, err := ReadText(w, r, most)
		read <- err
	}))
	defer s.Close()
	long := strings.Repeat("x", most+1)
	for _, c := range []struct {
		name, request string
		want          *fault.Kind
		detail        string
	}{
		{name: "as long as it may be", request: "POST / HTTP/1.1\nHost: h\nContent-Length: 100\n\n" + long[1:]},
		{name: "none", request: "POST / HTTP/1.1\nHost: h\n\n"},
		{name: "says that it is too long", request: "POST / HTTP/1.1\nHost: h\nContent-Length: 101\n\n", want: fault.BodyTooLarge, detail: "bytes"},
		{name: "is too long", request: "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n65\n" + long + "\n0\n\n", want: fault.BodyTooLarge, detail: "max_bytes"},
		{name: "does not come", request: "POST /slow HTTP/1.1\nHost: h\nContent-Length: 100\n\nab", want: fault.BodyTimeout, detail: "limit"},
		{name: "is no chunks", request: "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\nnoise\n", want: fault.BodyInvalid, detail: "reason"},
		{name: "is not text", request: "POST / HTTP/1.1\nHost: h\nContent-Length: 3\n\na\xffb", want: fault.BodyInvalid, detail: "offset"},
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, strings.ReplaceAll(c.request, "\n", "\r\n")); err != nil {
			t.Fatal(err)
		}
		err = <-read
		conn.Close()
		if c.want == nil {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != c.want || f.Detail(c.detail) == nil {
			t.Errorf("%s: %v, want %s with %s", c.name, err, c.want.ID, c.detail)
		}
	}
}

// TestABodyThatBreaksOff: who has gone hears nothing, but nobody else is told that it was long.
func TestABodyThatBreaksOff(t *testing.T) {
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if _, err := Read(httptest.NewRecorder(), r, 100); !errors.Is(err, fault.BodyInvalid) {
		t.Errorf("%v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := Read(httptest.NewRecorder(), r.WithContext(gone), 100); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
