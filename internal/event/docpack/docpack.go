// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package docpack packs the documents of events with Zstandard (RFC 8878) and a
// dictionary: each by itself, or many in one block.
//
// A dictionary is plain text: documents that are like those to come. It holds nothing of
// anybody, so that who erases a user erases all of them. Whoever keeps packed documents
// keeps the dictionaries beside them and hands them to New again.
package docpack

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./gen

// Text is the dictionary that new documents are packed with.
//
//go:embed dictionary.txt
var Text []byte

const (
	// BlockDocs is how many documents a block has at most.
	BlockDocs = 64
	// BlockBytes is how many bytes the documents of a block have at most together,
	// unless there is but one.
	BlockBytes = 1 << 20
	// partDocs is how many documents of a block are packed together, so that one of them
	// is read without the others.
	partDocs = 16

	// window is how far back the encoders look, and about what each holds: the dictionary
	// and a part of usual documents fit. By default both hold 12 MiB.
	window = 256 << 10

	// encoders is how many may pack at once: who stores events, and what seals them.
	encoders = 2

	// maxUnpacked bounds what any packed bytes are unpacked to, whatever they claim.
	maxUnpacked = 16 << 20
	// maxPacked is the size beyond which a document is kept as it is.
	maxPacked = maxUnpacked / 2
)

// ErrDamaged is what packed bytes are refused with that Pack and PackBlock did not
// make.
var ErrDamaged = errors.New("packed documents are damaged")

// Packer packs and unpacks. Its methods may be called at once from several
// goroutines.
type Packer struct {
	enc  *zstd.Encoder
	dec  *zstd.Decoder
	raws sync.Pool // of *[]byte: documents of a part as they are packed
}

// New returns a packer that unpacks with any of some dictionaries, by their numbers,
// and packs with one of them. Numbers are at least 1.
func New(dictionaries map[uint32][]byte, current uint32) (*Packer, error) {
	text, known := dictionaries[current]
	if !known {
		return nil, fmt.Errorf("no dictionary has the number %d", current)
	}
	// The fastest level packs parts as small as the next one does: most of what repeats is in
	// the dictionary. What a level looks things up in is made anew for each part, and that of
	// the next is four times as large.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(current, text), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
		zstd.WithEncoderConcurrency(encoders), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	options := []zstd.DOption{zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxUnpacked)}
	for id, text := range dictionaries {
		options = append(options, zstd.WithDecoderDictRaw(id, text))
	}
	dec, err := zstd.NewReader(nil, options...)
	if err != nil {
		return nil, err
	}
	return &Packer{enc: enc, dec: dec, raws: sync.Pool{New: func() any { return new([]byte) }}}, nil
}

// Close gives back what a packer holds.
func (p *Packer) Close() {
	p.dec.Close()
	_ = p.enc.Close()
}

// Pack appends a packed document to b. What is very large stays as it is.
func (p *Packer) Pack(b, doc []byte) []byte {
	if len(doc) > maxPacked {
		return append(b, doc...)
	}
	return p.enc.EncodeAll(doc, b)
}

// Unpack gives a document that Pack has packed, or one that is no packed one, which
// is told by its first byte. It fails with ErrDamaged.
func (p *Packer) Unpack(packed []byte) ([]byte, error) {
	if len(packed) > 0 && packed[0] == '{' { // that of packed ones is 0x28
		return packed, nil
	}
	return p.unpack(packed, nil)
}

// unpack appends to b, which it uses as far as that has room.
func (p *Packer) unpack(packed, b []byte) ([]byte, error) {
	doc, err := p.dec.DecodeAll(packed, b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return doc, nil
}

// Doc is a document at its place.
type Doc struct {
	Seq  int64
	Text []byte
}

// A block of more than partDocs documents is several frames, and before them a skippable
// one (RFC 8878, section 3.1.2) that says of each frame how far its places are from those of
// the one before, and how long it is. Whoever knows nothing of that reads it as one.
const (
	indexMagic = 0x184D2A50
	indexHead  = 8 // bytes of the magic number and the size
)

// PackBlock appends documents, in the order of their places, to b as one block.
func (p *Packer) PackBlock(b []byte, docs []Doc) []byte {
	if len(docs) <= partDocs {
		return p.packPart(b, docs, docs[0].Seq)
	}
	var index, parts []byte
	before, start := docs[0].Seq, docs[0].Seq
	for len(docs) > 0 {
		n := min(partDocs, len(docs))
		size := len(parts)
		parts = p.packPart(parts, docs[:n], before)
		index = binary.AppendUvarint(index, uint64(before-start))
		index = binary.AppendUvarint(index, uint64(len(parts)-size))
		start, before, docs = before, docs[n-1].Seq, docs[n:]
	}
	b = binary.LittleEndian.AppendUint32(b, indexMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(index)))
	return append(append(b, index...), parts...)
}

// packPart appends documents that come after a place, or begin with it.
func (p *Packer) packPart(b []byte, docs []Doc, before int64) []byte {
	lent := p.raws.Get().(*[]byte)
	defer p.raws.Put(lent)
	raw := (*lent)[:0]
	for i := range docs {
		raw = binary.AppendUvarint(raw, uint64(docs[i].Seq-before))
		raw = binary.AppendUvarint(raw, uint64(len(docs[i].Text)))
		raw = append(raw, docs[i].Text...)
		before = docs[i].Seq
	}
	if *lent = raw; cap(raw) > maxKept {
		*lent = nil
	}
	return p.enc.EncodeAll(raw, slices.Grow(b, len(raw)/4))
}

// UnpackBlock gives the documents of a block, the first of which is at a place. It
// fails with ErrDamaged.
func (p *Packer) UnpackBlock(packed []byte, first int64) ([]Doc, error) {
	var part Part
	err := p.unpackPart(&part, packed, first, true)
	return part.Docs, err
}

// Part is some documents of a block: all that have places from one to another.
type Part struct {
	First, Last int64
	Docs        []Doc
	text        []byte // of all of them
}

// maxKept is how many bytes of documents a part keeps for the next ones.
const maxKept = 512 << 10

// Reset leaves a part without documents.
func (t *Part) Reset() {
	if cap(t.text) > maxKept {
		*t = Part{}
	}
	t.First, t.Last, t.Docs = 0, 0, t.Docs[:0]
}

// UnpackPart makes part the one of a block that has the document at a place, if there is one.
// The block has places from one to another. Documents that part had before are overwritten:
// its memory is used again. It fails with ErrDamaged; part is then the places that cannot be
// read.
func (p *Packer) UnpackPart(part *Part, packed []byte, first, last, seq int64) error {
	part.First, part.Last, part.Docs = first, last, part.Docs[:0]
	if len(packed) < indexHead || binary.LittleEndian.Uint32(packed) != indexMagic {
		return p.unpackPart(part, packed, first, true)
	}
	size := uint64(binary.LittleEndian.Uint32(packed[4:]))
	packed = packed[indexHead:]
	if size > uint64(len(packed)) {
		return fmt.Errorf("%w: the index of a block is longer than the block", ErrDamaged)
	}
	index, frames := packed[:size], packed[size:]
	before, begins := first, true
	var frame []byte
	for len(index) > 0 {
		skip, n := binary.Uvarint(index)
		if n <= 0 || skip > 1<<62 || before+int64(skip) < before {
			return fmt.Errorf("%w: a place in the index of a block cannot be read", ErrDamaged)
		}
		long, m := binary.Uvarint(index[n:])
		if m <= 0 || long > uint64(len(frames)) {
			return fmt.Errorf("%w: a part is longer than its block", ErrDamaged)
		}
		if frame != nil {
			next := before + int64(skip)
			if seq <= next {
				part.Last = next
				break
			}
			before, begins, part.First = next, false, next+1
		}
		frame, frames, index = frames[:long], frames[long:], index[n+m:]
	}
	return p.unpackPart(part, frame, before, begins)
}

// unpackPart makes the documents of a part those of frames, which come after a place or,
// where a block begins, with it.
func (p *Packer) unpackPart(part *Part, packed []byte, seq int64, begins bool) error {
	raw, err := p.unpack(packed, part.text[:0])
	if err != nil {
		return err
	}
	part.text = raw
	docs := slices.Grow(part.Docs[:0], partDocs)
	first := seq
	for len(raw) > 0 {
		skip, n := binary.Uvarint(raw)
		if n <= 0 || skip > 1<<62 {
			return fmt.Errorf("%w: a place cannot be read", ErrDamaged)
		}
		size, m := binary.Uvarint(raw[n:])
		if m <= 0 || size > uint64(len(raw)-n-m) {
			return fmt.Errorf("%w: a document is longer than its block", ErrDamaged)
		}
		if seq += int64(skip); seq < first || (skip == 0) != begins {
			return fmt.Errorf("%w: its places are out of order", ErrDamaged)
		}
		begins = false
		raw = raw[n+m:]
		docs = append(docs, Doc{seq, raw[:size:size]})
		raw = raw[size:]
	}
	part.Docs = docs
	return nil
}
