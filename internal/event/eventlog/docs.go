// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/redial-rtc/redial/internal/event/docpack"
)

// Documents are packed: those of a transaction that stores many events as blocks, those
// of a small one each by itself in the table docs, where the sealer finds them and makes
// blocks of them. A document in docs stands, whatever a block has at its place: so one
// that changes later costs no block.
const (
	blockFrom = 16      // so many documents of one transaction are worth blocks
	maxTexts  = 2 << 20 // bytes that are kept for the documents of the next transaction
)

//go:embed docs.sql
var docsSchema string

// documents writes documents, within the writer's transactions.
type documents struct {
	c      *Conn // the writer's
	packer *docpack.Packer
	seals  sealer

	fresh  []docpack.Doc // stored in it, by place
	texts  []byte        // of these
	gone   []int64       // places that were deleted in it
	packed []byte        // lent
}

// openDocs makes the tables where they are missing and reads the dictionaries; the
// program's own joins them where the file does not have it.
func (l *Log) openDocs(ctx context.Context) error {
	c := l.writer
	if _, err := c.ExecContext(ctx, docsSchema); err != nil {
		return err
	}
	known, current := map[uint32][]byte{}, uint32(0)
	newest := uint32(0)
	err := c.Each(ctx, "SELECT id, text FROM dictionaries", func(row Scanner) error {
		var id uint32
		var text []byte
		err := row.Scan(&id, &text)
		if known[id] = text; string(text) == string(docpack.Text) {
			current = id
		}
		newest = max(newest, id)
		return err
	})
	if err != nil {
		return err
	}
	if current == 0 {
		current = newest + 1
		known[current] = docpack.Text
		if _, err := c.Exec(ctx, "INSERT INTO dictionaries VALUES (?, ?)", current, docpack.Text); err != nil {
			return err
		}
	}
	l.docs.packer, err = docpack.New(known, current)
	l.docs.c, c.packer, c.writes = c, l.docs.packer, &l.docs
	return err
}

// reset forgets the transaction under way.
func (d *documents) reset() {
	clear(d.fresh)
	d.fresh, d.gone = d.fresh[:0], d.gone[:0]
	if d.texts = d.texts[:0]; cap(d.texts) > maxTexts {
		d.texts = nil
	}
}

// add takes the document of a new event.
func (d *documents) add(seq int64, doc []byte) {
	at := len(d.texts)
	d.texts = append(d.texts, doc...)
	d.fresh = append(d.fresh, docpack.Doc{Seq: seq, Text: d.texts[at:len(d.texts):len(d.texts)]})
}

// find gives a document that is not in the file yet.
func (d *documents) find(seq int64) *docpack.Doc {
	i, found := slices.BinarySearchFunc(d.fresh, seq, func(doc docpack.Doc, seq int64) int { return int(doc.Seq - seq) })
	if !found {
		return nil
	}
	return &d.fresh[i]
}

// set gives a stored event another document.
func (d *documents) set(ctx context.Context, seq int64, doc []byte) error {
	if own := d.find(seq); own != nil {
		own.Text = slices.Clone(doc)
		return nil
	}
	d.seals.touch(seq)
	d.packed = d.packer.Pack(d.packed[:0], doc)
	_, err := d.c.Exec(ctx, "INSERT INTO docs VALUES (?, ?) ON CONFLICT(seq) DO UPDATE SET doc = excluded.doc", seq, d.packed)
	return err
}

// remove deletes the document of an event. What blocks have of it goes when the
// transaction ends.
func (d *documents) remove(ctx context.Context, seq int64) error {
	d.seals.touch(seq)
	d.fresh = slices.DeleteFunc(d.fresh, func(doc docpack.Doc) bool { return doc.Seq == seq })
	d.gone = append(d.gone, seq)
	_, err := d.c.Exec(ctx, "DELETE FROM docs WHERE seq = ?", seq)
	return err
}

// flush writes the documents of the transaction.
func (d *documents) flush(ctx context.Context) error {
	defer d.reset()
	if err := d.shrinkBlocks(ctx); err != nil {
		return err
	}
	if len(d.fresh) >= blockFrom {
		return d.writeBlocks(ctx, d.fresh)
	}
	d.seals.wrote(len(d.fresh))
	for i := range d.fresh {
		d.packed = d.packer.Pack(d.packed[:0], d.fresh[i].Text)
		if _, err := d.c.Exec(ctx, "INSERT INTO docs VALUES (?, ?)", d.fresh[i].Seq, d.packed); err != nil {
			return err
		}
	}
	return nil
}

// block is a row of doc_blocks, but for its documents.
type block struct {
	first, last int64
	n           int
	packed      []byte
}

// packBlocks makes blocks of documents, of about the same size each.
func packBlocks(p *docpack.Packer, docs []docpack.Doc) (blocks []block) {
	each := len(docs)
	if parts := (len(docs) + docpack.BlockDocs - 1) / docpack.BlockDocs; parts > 1 {
		each = (len(docs) + parts - 1) / parts
	}
	for len(docs) > 0 {
		n, size := 1, len(docs[0].Text)
		for n < min(each, len(docs)) && size+len(docs[n].Text) <= docpack.BlockBytes {
			size += len(docs[n].Text)
			n++
		}
		blocks = append(blocks, block{docs[0].Seq, docs[n-1].Seq, n, p.PackBlock(nil, docs[:n])})
		docs = docs[n:]
	}
	return blocks
}

func (d *documents) writeBlocks(ctx context.Context, docs []docpack.Doc) error {
	return d.insertBlocks(ctx, packBlocks(d.packer, docs))
}

func (d *documents) insertBlocks(ctx context.Context, blocks []block) error {
	d.c.held.drop()
	for _, b := range blocks {
		if _, err := d.c.Exec(ctx, "INSERT INTO doc_blocks VALUES (?, ?, ?, ?)", b.first, b.last, b.n, b.packed); err != nil {
			return err
		}
	}
	return nil
}

// shrinkBlocks takes what was deleted out of its blocks.
func (d *documents) shrinkBlocks(ctx context.Context) error {
	gone := d.gone
	slices.Sort(gone)
	for len(gone) > 0 {
		var b block
		err := d.c.Row(ctx, blockAt, gone[0]).Scan(&b.first, &b.last, &b.n)
		if errors.Is(err, sql.ErrNoRows) || err == nil && b.last < gone[0] {
			gone = gone[1:] // it was in none
			continue
		}
		if err != nil {
			return err
		}
		n := 1
		for n < len(gone) && gone[n] <= b.last {
			n++
		}
		if err := d.shrinkBlock(ctx, &b, gone[:n]); err != nil {
			return err
		}
		gone = gone[n:]
	}
	return nil
}

func (d *documents) shrinkBlock(ctx context.Context, b *block, gone []int64) error {
	c := d.c
	var left []docpack.Doc
	if len(gone) < b.n {
		docs, err := c.wholeBlock(ctx, b.first)
		if errors.Is(err, docpack.ErrDamaged) {
			return d.shrinkDamaged(ctx, b)
		}
		if err != nil {
			return err
		}
		for _, doc := range docs {
			if _, found := slices.BinarySearch(gone, doc.Seq); !found {
				left = append(left, doc)
			}
		}
	}
	if _, err := c.Exec(ctx, "DELETE FROM doc_blocks WHERE first = ?", b.first); err != nil {
		return err
	}
	c.held.drop()
	if len(left) == 0 {
		return nil
	}
	return d.writeBlocks(ctx, left)
}

// shrinkDamaged deletes a block that cannot be read when the last of its events has
// gone.
func (d *documents) shrinkDamaged(ctx context.Context, b *block) error {
	_, err := d.c.Exec(ctx, "DELETE FROM doc_blocks WHERE first = ?1 AND NOT EXISTS (SELECT 1 FROM events WHERE seq BETWEEN ?1 AND ?2)", b.first, b.last)
	return err
}

// blockAt finds the only block that can have the document at a place.
const blockAt = "SELECT first, last, n FROM doc_blocks WHERE first <= ? ORDER BY first DESC LIMIT 1"

// ownDoc is the document of a row of events, as far as it is in no block: packed, or
// plain as files of earlier versions have it.
const (
	ownDoc     = "coalesce(docs.doc, nullif(events.doc, ''))"
	withOwnDoc = " FROM events LEFT JOIN docs ON docs.seq = events.seq "
)

// held is the part of a block that a connection has read last, and the block. It holds
// until what the connection sees of the file changes; the memory of the part is used again.
type held struct {
	part docpack.Part
	err  error

	first, last int64 // of the block; 0 for none
	packed      []byte
}

func (h *held) drop() {
	h.part.Reset()
	h.first, h.last, h.packed, h.err = 0, 0, nil, nil
}

// doc gives the document of an event, as it was written, until the next one is asked for. own
// is what ownDoc gave, nil for nothing. It fails with docpack.ErrDamaged.
func (c *Conn) doc(ctx context.Context, seq int64, own []byte) ([]byte, error) {
	if c.writes != nil {
		if fresh := c.writes.find(seq); fresh != nil {
			return fresh.Text, nil
		}
	}
	if own != nil {
		text, err := c.packer.Unpack(own)
		if err != nil {
			return nil, fmt.Errorf("the document of event %d: %w", seq, err)
		}
		return text, nil
	}
	docs, err := c.part(ctx, seq)
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(docs, seq, func(doc docpack.Doc, seq int64) int { return int(doc.Seq - seq) })
	if !found {
		return nil, fmt.Errorf("the document of event %d: %w: there is none", seq, docpack.ErrDamaged)
	}
	return docs[i].Text, nil
}

// part gives documents of the block that has the one at a place, that one among them;
// none when no block has it.
func (c *Conn) part(ctx context.Context, seq int64) ([]docpack.Doc, error) {
	h := &c.held
	if h.part.Last > 0 && seq >= h.part.First && seq <= h.part.Last {
		return h.part.Docs, h.err
	}
	if h.last == 0 || seq < h.first || seq > h.last {
		h.drop()
		err := c.Row(ctx, "SELECT first, last, docs FROM doc_blocks WHERE first <= ? ORDER BY first DESC LIMIT 1", seq).Scan(&h.first, &h.last, &h.packed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			h.drop()
			return nil, err
		}
		if h.last < seq {
			return nil, nil
		}
	}
	h.err = c.packer.UnpackPart(&h.part, h.packed, h.first, h.last, seq)
	if h.err != nil {
		h.err = fmt.Errorf("the documents of events %d to %d: %w", h.part.First, h.part.Last, h.err)
	}
	return h.part.Docs, h.err
}

// wholeBlock gives the documents of the block that begins at a place.
func (c *Conn) wholeBlock(ctx context.Context, first int64) ([]docpack.Doc, error) {
	var packed []byte
	if err := c.Row(ctx, "SELECT docs FROM doc_blocks WHERE first = ?", first).Scan(&packed); err != nil {
		return nil, err
	}
	docs, err := c.packer.UnpackBlock(packed, first)
	if err != nil {
		return nil, fmt.Errorf("the documents of the block that begins at %d: %w", first, err)
	}
	return docs, nil
}
