// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
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
