// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	pion "github.com/pion/webrtc/v4/pkg/media"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/codec"
)

// ogg reads the packets of one Opus stream in Ogg (RFC 3533, RFC 7845). Encoders
// put as many packets into a page as they like, and a packet may go on in the next.
type ogg struct {
	src    io.Reader
	in     *bufio.Reader
	serial uint32
	ready  [][]byte
	part   []byte // of a packet that goes on in the next page
	open   bool   // there is such a packet, even if nothing of it is there yet
}

const (
	oggHead      = 27 // bytes of a page before its table of segments
	oggContinued = 1
	oggBegins    = 2
)

func newOgg(src io.Reader) (reader, error) {
	o := &ogg{src: src, in: bufio.NewReader(src)}
	for { // other streams may come first
		serial, err := o.page(true)
		if err != nil {
			return nil, fault.CodecUnsupported.Wrap(err, "reason", "not Opus in Ogg")
		}
		if len(o.ready) > 0 && isOpusHead(o.ready[0]) {
			o.serial, o.ready = serial, nil
			return o, nil
		}
		o.ready, o.part, o.open = nil, nil, false
	}
}

func isOpusHead(b []byte) bool { return len(b) >= 19 && string(b[:8]) == "OpusHead" }

func (o *ogg) next() (pion.Sample, error) {
	for {
		for len(o.ready) == 0 {
			if _, err := o.page(false); err != nil {
				return pion.Sample{}, err
			}
		}
		p := o.ready[0]
		o.ready = o.ready[1:]
		lasts := codec.OpusDuration(p)
		if lasts == 0 || isOpusHead(p) || len(p) >= 8 && string(p[:8]) == "OpusTags" {
			continue
		}
		return pion.Sample{Data: p, Duration: lasts}, nil
	}
}

// page reads one page and takes its packets when it is of the stream, or every
// page's.
// It fails with io.EOF at a clean end only.
func (o *ogg) page(every bool) (serial uint32, err error) {
	var head [oggHead]byte
	switch n, err := io.ReadFull(o.in, head[:]); {
	case n == 0 && errors.Is(err, io.EOF) && !o.open:
		return 0, io.EOF
	case err != nil:
		return 0, cutShort(err)
	}
	if string(head[:4]) != "OggS" {
		return 0, fault.DeviceLost.New("reason", "the file is damaged")
	}
	table := make([]byte, head[26])
	if _, err := io.ReadFull(o.in, table); err != nil {
		return 0, cutShort(err)
	}
	size := 0
	for _, n := range table {
		size += int(n)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(o.in, body); err != nil {
		return 0, cutShort(err)
	}
	want := binary.LittleEndian.Uint32(head[22:])
	clear(head[22:26])
	if oggSum(oggSum(oggSum(0, head[:]), table), body) != want {
		return 0, fault.DeviceLost.New("reason", "the file is damaged")
	}
	serial = binary.LittleEndian.Uint32(head[14:])
	if !every && serial != o.serial {
		if head[5]&oggBegins == 0 || !isOpusHead(body) {
			return serial, nil
		}
		o.serial, o.part, o.open = serial, nil, false // a file behind the file (RFC 3533, 4)
	}
	if head[5]&oggContinued == 0 {
		o.part = nil
	}
	skip := head[5]&oggContinued != 0 && !o.open // its beginning was lost
	for _, n := range table {
		o.part = append(o.part, body[:n]...)
		body = body[n:]
		if o.open = n == 255; o.open {
			continue
		}
		if !skip {
			o.ready = append(o.ready, o.part)
		}
		skip, o.part = false, nil
	}
	return serial, nil
}

// cutShort words the end of a file in the middle of something.
func cutShort(err error) error {
	return fault.DeviceLost.Wrap(err, "reason", "the file ends in the middle of a frame")
}

// oggSum is the CRC of Ogg pages: 0x04c11db7, neither reflected nor inverted.
func oggSum(sum uint32, b []byte) uint32 {
	for _, c := range b {
		sum = sum<<8 ^ oggTable[byte(sum>>24)^c]
	}
	return sum
}

var oggTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

func (o *ogg) close() { closeReader(o.src) }
