// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package docpack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func packer(t testing.TB, more ...string) *Packer {
	t.Helper()
	known := map[uint32][]byte{1: Text}
	for i, text := range more {
		known[uint32(i+2)] = []byte(text)
	}
	p, err := New(known, uint32(len(known)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func document(rng *rand.Rand, n int) []byte {
	return fmt.Appendf(nil, `{"version":"3","id":"%032x","type":"client.join.failed","data":{"user_name":"Ann \"Zürich\"","note":%q},"redial":{"source":"client"}}`, rng.Uint64(), strings.Repeat("n", n))
}

func TestWhatIsPackedIsUnpackedToTheByte(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := packer(t)
	for _, size := range []int{0, 1, 1000, 300_000} {
		doc := document(rng, size)
		packed := p.Pack(nil, doc)
		if got, err := p.Unpack(packed); err != nil || !bytes.Equal(got, doc) {
			t.Errorf("a document of %d bytes is read as %d bytes, %v", len(doc), len(got), err)
		}
		if size == 0 && len(packed) > 2*len(doc)/3 {
			t.Errorf("%d bytes are packed to %d: the dictionary is not used", len(doc), len(packed))
		}
	}
	var docs []Doc
	for seq := int64(7); len(docs) < BlockDocs; seq += 1 + rng.Int64N(3) {
		docs = append(docs, Doc{seq, document(rng, rng.IntN(500))})
	}
	got, err := p.UnpackBlock(p.PackBlock(nil, docs), 7)
	if err != nil || len(got) != len(docs) {
		t.Fatalf("%d of %d documents, %v", len(got), len(docs), err)
	}
	for i := range got {
		if got[i].Seq != docs[i].Seq || !bytes.Equal(got[i].Text, docs[i].Text) {
			t.Errorf("document %d is %s at %d", i, got[i].Text, got[i].Seq)
		}
	}
}

// Of a block that is read in part, each document is found in the part that its place is
// in, and where there is none, no part has one.
func TestAPartOfABlockIsRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	p := packer(t)
	for _, n := range []int{1, partDocs, partDocs + 1, 3 * partDocs, BlockDocs} {
		var docs []Doc
		at := map[int64][]byte{}
		for seq := int64(7); len(docs) < n; seq += 1 + rng.Int64N(3) {
			docs = append(docs, Doc{seq, document(rng, rng.IntN(500))})
			at[seq] = docs[len(docs)-1].Text
		}
		last := docs[n-1].Seq
		packed := p.PackBlock(nil, docs)
		if whole, err := p.UnpackBlock(packed, 7); err != nil || len(whole) != n {
			t.Errorf("%d of %d documents, %v", len(whole), n, err)
		}
		covered, part := int64(6), Part{}
		for seq := int64(7); seq <= last; seq++ {
			err := p.UnpackPart(&part, packed, 7, last, seq)
			if err != nil || seq < part.First || seq > part.Last || len(part.Docs) > partDocs {
				t.Fatalf("place %d of %d documents: a part from %d to %d with %d, %v", seq, n, part.First, part.Last, len(part.Docs), err)
			}
			if seq > covered { // each begins where the one before ends
				if part.First != covered+1 {
					t.Errorf("a part from %d after one to %d", part.First, covered)
				}
				covered = part.Last
			}
			i, found := slices.BinarySearchFunc(part.Docs, seq, func(d Doc, seq int64) int { return int(d.Seq - seq) })
			if want, is := at[seq]; found != is || is && !bytes.Equal(part.Docs[i].Text, want) {
				t.Errorf("place %d of %d documents is found %v, is there %v", seq, n, found, is)
			}
		}
		if covered != last {
			t.Errorf("parts end at %d, the block at %d", covered, last)
		}
	}
}

// Plain documents of earlier versions, and those too large to pack, are read as they
// are.
func TestAPlainDocumentIsReadAsItIs(t *testing.T) {
	p := packer(t)
	large := append([]byte("{"), bytes.Repeat([]byte("x"), maxPacked)...)
	for _, doc := range [][]byte{[]byte(`{"version":"2.0"}`), p.Pack(nil, large)} {
		if got, err := p.Unpack(doc); err != nil || !bytes.Equal(got, doc) {
			t.Errorf("%.20q of %d bytes: %v", got, len(got), err)
		}
	}
}

// Each dictionary that documents were ever packed with goes on reading them.
func TestAnEarlierDictionaryStillReads(t *testing.T) {
	doc := document(rand.New(rand.NewPCG(3, 4)), 20)
	before := packer(t).Pack(nil, doc)
	now := packer(t, `{"another":"dictionary"}`)
	for _, packed := range [][]byte{before, now.Pack(nil, doc)} {
		if got, err := now.Unpack(packed); err != nil || !bytes.Equal(got, doc) {
			t.Errorf("%s, %v", got, err)
		}
	}
	if _, err := packer(t).Unpack(now.Pack(nil, doc)); !errors.Is(err, ErrDamaged) {
		t.Errorf("without its dictionary a document is read: %v", err)
	}
}

// The dictionary is of nobody and of no secret: it is made of documents that can be
// read.
func TestTheDictionaryIsText(t *testing.T) {
	whole := 0
	for line := range bytes.Lines(Text) {
		if json.Valid(line) {
			whole++
		}
	}
	if whole < 10 || len(Text) > 64<<10 || bytes.ContainsRune(Text, 0) {
		t.Errorf("%d documents in %d bytes", whole, len(Text))
	}
}

// A frame that claims to be larger than anything that is packed, or is, is refused
// before it takes that memory.
func TestUnpackingIsBounded(t *testing.T) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(1, Text))
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	bomb := enc.EncodeAll(bytes.Repeat([]byte("a"), 4*maxUnpacked), nil)
	p := packer(t)
	if len(bomb) > 1<<16 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	for name, unpack := range map[string]func() error{
		"a document": func() error { _, err := p.Unpack(bomb); return err },
		"a block":    func() error { _, err := p.UnpackBlock(bomb, 1); return err },
	} {
		if err := unpack(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever bytes there are in place of packed ones, they are refused or read, and no
// more comes of them than may.
func FuzzUnpack(f *testing.F) {
	p := packer(f)
	rng := rand.New(rand.NewPCG(5, 6))
	f.Add([]byte{}, uint(0))
	f.Add(p.Pack(nil, document(rng, 30)), uint(12))
	f.Add(p.PackBlock(nil, []Doc{{1, document(rng, 30)}, {3, document(rng, 9)}}), uint(40))
	var many []Doc
	for i := range int64(3 * partDocs) {
		many = append(many, Doc{5 + i, document(rng, 3)})
	}
	f.Add(p.PackBlock(nil, many), uint(9))
	f.Fuzz(func(t *testing.T, packed []byte, flip uint) {
		var part Part // used again
		check := func(packed []byte) {
			if doc, err := p.Unpack(packed); err != nil && !errors.Is(err, ErrDamaged) || len(doc) > max(maxUnpacked, len(packed)) {
				t.Errorf("%d bytes, %v", len(doc), err)
			}
			docs, err := p.UnpackBlock(packed, 5)
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			err = p.UnpackPart(&part, packed, 5, 90, int64(5+flip%85))
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			for _, d := range part.Docs {
				if d.Seq < part.First {
					t.Fatalf("place %d is in a part that begins with %d", d.Seq, part.First)
				}
			}
			for i := range docs {
				if docs[i].Seq < 5 || i > 0 && docs[i].Seq <= docs[i-1].Seq {
					t.Fatalf("places out of order: %d", docs[i].Seq)
				}
			}
		}
		check(packed)
		if len(packed) > 0 {
			packed = bytes.Clone(packed)
			packed[int(flip%uint(len(packed)))] ^= byte(1 + flip>>8)
			check(packed)
		}
		check(p.Pack(nil, packed)) // what is unpacked well, and is no block
	})
}

func BenchmarkPack(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	p := packer(b)
	var docs []Doc
	for i := range BlockDocs {
		docs = append(docs, Doc{int64(i), document(rng, 100)})
	}
	b.Run("one by one", func(b *testing.B) {
		b.ReportAllocs()
		var packed []byte
		for i := range b.N {
			packed = p.Pack(packed[:0], docs[i%len(docs)].Text)
		}
		b.ReportMetric(float64(len(packed)), "B/doc")
	})
	b.Run("a block", func(b *testing.B) {
		b.ReportAllocs()
		var packed []byte
		for i := 0; i < b.N; i += len(docs) {
			packed = p.PackBlock(packed[:0], docs)
		}
		b.ReportMetric(float64(len(packed))/float64(len(docs)), "B/doc")
	})
}
