// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"net"
	"testing"
	"time"
)

// What the other end's system took counts as arrived, and nothing else does.
func TestAStreamTellsHowFarItHasCome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()

	k := unacked{most: 1 << 20, keep: func(keeper, int) {}}
	put := func(size int) {
		n := k.add(make([]byte, size))
		if _, err := near.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		end, _ := stream(near)
		k.wrote(n, end)
	}
	missed := func() [][]byte {
		_, arrived := stream(near)
		frames, _ := k.missed(arrived)
		return frames
	}
	put(100) // nobody reads it, and yet it is there
	for deadline := time.Now().Add(time.Minute); len(missed()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("missed %v", missed())
		}
	}
	n := k.add([]byte("too much"))
	for deadline := time.Now().Add(time.Minute); ; {
		_ = near.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := near.Write(make([]byte, 1<<20))
		end, arrived := stream(near)
		k.wrote(n, end)
		if err != nil && end > arrived { // both systems are full
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d bytes have arrived, and nobody reads", arrived, end)
		}
	}
	if got := missed(); len(got) != 1 || string(got[0]) != "too much" {
		t.Errorf("missed %v", got)
	}
	near.Close()
	if put, arrived := stream(near); put != 0 || arrived != 0 {
		t.Errorf("a closed connection says %d and %d", put, arrived)
	}
}

// Only what was confirmed is forgotten, and it is asked about once at a time.
func TestKeeper(t *testing.T) {
	k := unacked{most: 1 << 20, keep: func(keeper, int) {}}
	for _, v := range []string{"a", "b", "c"} {
		k.add([]byte(v))
	}
	if !k.wrote(1, 0) || k.wrote(2, 0) {
		t.Fatal("asked twice, or not at all")
	}
	if n := k.ask(); n != 2 {
		t.Errorf("asks about %d", n)
	}
	k.confirmed()
	if n := k.ask(); n != 0 {
		t.Errorf("asks about %d, which was not written", n)
	}
	if got, _ := k.missed(1 << 40); len(got) != 1 || string(got[0]) != "c" {
		t.Errorf("missed %v", got)
	}
	if !k.wrote(3, 10) {
		t.Error("nobody asks about the last")
	}
	if got, _ := k.missed(10); len(got) != 0 {
		t.Errorf("missed %v, which has arrived", got)
	}
	for range 2 * MaxUnacked {
		k.add([]byte("many"))
	}
	if got, lost := k.missed(0); len(got) != MaxUnacked || lost != MaxUnacked+1 {
		t.Errorf("keeps %d, and %d are lost", len(got), lost)
	}
	for n, end := uint64(4), k.next+1000; n <= end; n++ { // however quickly they are written, so much is remembered
		k.wrote(n, 10*n)
		k.add([]byte("many"))
	}
	if got, lost := k.missed(0); len(got) != MaxUnacked || uint64(lost) != k.next-2-MaxUnacked || len(k.frames) > 2*MaxUnacked+1 {
		t.Errorf("keeps %d, %d are lost of %d, in %d", len(got), lost, k.next-2, len(k.frames))
	}
	k = unacked{most: 10, keep: k.keep}
	for range 20 {
		k.add([]byte("four"))
	}
	if got, lost := k.missed(0); len(got) != 2 || lost != 18 {
		t.Errorf("keeps %d frames of 4 bytes where 10 bytes are kept, and %d are lost", len(got), lost)
	}
}
