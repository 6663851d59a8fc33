// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/postings"
)

// failing appends some events and changes others in a transaction that comes to nothing.
func failing(ctx context.Context, l *Log, r *rand.Rand) error {
	err := l.Change(ctx, func(ctx context.Context, tx Tx) error {
		some := crowd(r, 1+r.IntN(50))
		if err := l.append(ctx, len(some), func(i int) *event.Event { return &some[i] }, make([]event.Outcome, len(some))); err != nil {
			return err
		}
		rows, err := tx.RowsBelow(ctx, tx.Last(), 3)
		if err != nil {
			return err
		}
		for _, was := range rows {
			is := *was.Event
			is.RoomID = "room-of-nobody"
			if err := l.rewrite(ctx, was, &is); err != nil {
				return err
			}
		}
		return errors.New("enough")
	})
	if err == nil {
		return errors.New("it does not fail")
	}
	return nil
}

// Whoever reads while events come, go, become others and are undone finds of each id what the
// state of the file has that it reads, and nothing else.
func TestWhoReadsMeanwhileFindsWhatIsInTheFile(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 11))
			l := runsOfFew(t, t.TempDir(), 300)
			done := make(chan struct{})
			go func() {
				defer close(done)
				r := rand.New(rand.NewPCG(seed, 12))
				for range 80 {
					var err error
					switch r.IntN(8) {
					case 0:
						err = failing(context.Background(), l, r)
					case 1:
						changeSome(t, l, r)
					case 2:
						_, err = l.Remove(context.Background(), event.Removal{AccountID: "account-1", UserID: fmt.Sprintf("user-%d", r.IntN(30))})
					default:
						_, err = l.Append(context.Background(), crowd(r, 1+r.IntN(20)))
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			}()
			known := map[ID]bool{}
			for going := true; going; {
				select {
				case <-done:
					going = false
				default:
				}
				if err := l.Read(t.Context(), func(c *Conn) error {
					sameLists(t, c, r, known)
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A reader finds the newest events of a room in memory, and goes through the rows where it
// cannot tell what of them its state of the file has.
func TestTheNewestAreReadFromMemory(t *testing.T) {
	l := runsOfFew(t, t.TempDir(), 1000)
	r := rand.New(rand.NewPCG(1, 13))
	append1 := func() {
		t.Helper()
		e := crowd(r, 1)
		e[0].AccountID, e[0].RoomID = "account-1", "room-1"
		if _, err := l.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	in := func(c *Conn) (list []postings.Posting, known bool) {
		t.Helper()
		account, _ := l.Accounts.ID("account-1")
		forms, err := c.Forms(t.Context(), "room", "room-1", account)
		if err != nil {
			t.Fatal(err)
		}
		list, known, err = c.inTail(t.Context(), refIn(forms), Everywhere)
		if err != nil {
			t.Fatal(err)
		}
		return list, known
	}
	append1()
	append1()
	read := func(f func(c *Conn)) {
		t.Helper()
		if err := l.Read(t.Context(), func(c *Conn) error { f(c); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	seqs := func(list []postings.Posting) (seqs []int64) {
		for _, p := range list {
			seqs = append(seqs, p.Seq)
		}
		return seqs
	}
	read(func(c *Conn) {
		if list, known := in(c); !known || !slices.Equal(seqs(list), []int64{1, 2}) {
			t.Errorf("in memory are %v, %v", list, known)
		}
		append1() // which is not in the reader's state of the file
		if list, known := in(c); !known || !slices.Equal(seqs(list), []int64{1, 2}) {
			t.Errorf("after one more, in memory are %v, %v", list, known)
		}
		if _, err := l.Remove(t.Context(), event.Removal{AccountID: "account-1", Oldest: true}); err != nil {
			t.Fatal(err)
		}
		if list, known := in(c); known {
			t.Errorf("after some have gone, in memory are %v", list)
		}
	})
	if err := failing(t.Context(), l, r); err != nil {
		t.Fatal(err)
	}
	append1()
	read(func(c *Conn) {
		if list, known := in(c); !known || len(list) == 0 || list[len(list)-1].Seq != 4 {
			t.Errorf("in memory are %v, %v", list, known)
		}
	})
}
