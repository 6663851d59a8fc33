// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"
	pion "github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"

	"github.com/redial-rtc/redial/fault"
)

func openFile(path string) (reader, error) {
	// Not to block: a FIFO without a writer would hang, and a file that another
	// process holds a lease on would wait for it (fcntl(2), F_SETLEASE).
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	name := filepath.Base(path)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		return nil, fault.DeviceNotFound.Wrap(err, "file", name)
	case errors.Is(err, os.ErrPermission):
		return nil, fault.CaptureDenied.Wrap(err, "file", name)
	case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ETXTBSY):
		return nil, fault.DeviceInUse.Wrap(err, "file", name)
	case err != nil:
		return nil, fault.DeviceFailed.Wrap(err, "file", name)
	}
	var r reader
	switch strings.ToLower(filepath.Ext(path)) {
	case ".ivf":
		r, err = newIVF(f)
	case ".ogg", ".opus":
		r, err = newOgg(f)
	case ".h264", ".264":
		r, err = newH264(f)
	default:
		err = fault.CodecUnsupported.New("file", name, "want", ".ivf, .ogg, .opus, .h264 or .264")
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return r, nil
}

func mimeOf(r reader) string {
	switch r := r.(type) {
	case *ivf:
		return r.mime
	case *h264:
		return webrtc.MimeTypeH264
	}
	return webrtc.MimeTypeOpus
}

func closeReader(r io.Reader) {
	if c, ok := r.(io.Closer); ok {
		_ = c.Close()
	}
}

// ivf reads IVF files: a header of 32 bytes, frames with one of 12.
type ivf struct {
	src   io.Reader
	mime  string
	frame time.Duration // one tick of the timestamps
	ahead *pion.Sample
	stamp uint64
}

func newIVF(src io.Reader) (reader, error) {
	v := &ivf{src: src}
	_, head, err := ivfreader.NewWith(src)
	if err != nil {
		return nil, fault.CodecUnsupported.Wrap(err, "reason", "not an IVF file")
	}
	switch head.FourCC {
	case "VP80":
		v.mime = webrtc.MimeTypeVP8
	case "VP90":
		v.mime = webrtc.MimeTypeVP9
	case "AV01":
		v.mime = webrtc.MimeTypeAV1
	default:
		return nil, fault.CodecUnsupported.New("codec", clip(head.FourCC, 8), "want", "VP80, VP90 or AV01")
	}
	v.frame = time.Second * time.Duration(head.TimebaseNumerator) / time.Duration(head.TimebaseDenominator)
	return v, nil
}

// maxPicture bounds what a damaged file can make us allocate.
const maxPicture = 16 << 20 // bytes

// parse reads one frame and its time in ticks.
func (v *ivf) parse() (*pion.Sample, uint64, error) {
	var head [12]byte
	if n, err := io.ReadFull(v.src, head[:]); err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, 0, io.EOF
		}
		return nil, 0, cutShort(err)
	}
	size := binary.LittleEndian.Uint32(head[:4])
	if size > maxPicture {
		return nil, 0, fault.DeviceLost.New("reason", "the file is damaged", "frame_bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(v.src, b); err != nil {
		return nil, 0, cutShort(err)
	}
	return &pion.Sample{Data: b}, binary.LittleEndian.Uint64(head[4:]), nil
}

// next takes the duration of a frame from the time of the one after it.
func (v *ivf) next() (pion.Sample, error) {
	if v.ahead == nil {
		s, at, err := v.parse()
		if err != nil {
			return pion.Sample{}, err
		}
		v.ahead, v.stamp = s, at
	}
	now, at := *v.ahead, v.stamp
	s, after, err := v.parse()
	now.Duration = v.frame
	switch {
	case err == nil:
		if after > at && after-at < 1000 {
			now.Duration = v.frame * time.Duration(after-at)
		}
		v.ahead, v.stamp = s, after
	case errors.Is(err, io.EOF):
		v.ahead = nil
	default:
		return now, err
	}
	if now.Duration <= 0 || now.Duration > 10*time.Second {
		now.Duration = time.Second / 30
	}
	return now, nil
}

func (v *ivf) close() { closeReader(v.src) }

// h264 reads access units: the NAL units of one picture with those before it that
// go with it (ITU-T H.264, 7.4.1.2.3).
type h264 struct {
	src   io.Reader
	r     *h264reader.H264Reader
	ahead *h264reader.NAL // the first of the next picture
	over  bool
}

func newH264(src io.Reader) (reader, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(src, head); err != nil || head[0] != 0 || head[1] != 0 || head[2] != 1 && (head[2] != 0 || head[3] != 1) {
		return nil, fault.CodecUnsupported.New("reason", "not an H.264 byte stream")
	}
	r, err := h264reader.NewReader(io.MultiReader(bytes.NewReader(head), src))
	if err != nil {
		return nil, fault.CodecUnsupported.Wrap(err)
	}
	return &h264{src: src, r: r}, nil
}

const h264Frame = time.Second / 30

func (h *h264) next() (pion.Sample, error) {
	var data []byte
	picture := false // a slice of it is in data
	add := func(n *h264reader.NAL) {
		data = append(append(data, 0, 0, 0, 1), n.Data...)
		picture = picture || isSlice(n)
	}
	if h.ahead != nil {
		add(h.ahead)
		h.ahead = nil
	}
	for !h.over {
		n, err := h.r.NextNAL()
		if errors.Is(err, io.EOF) {
			h.over = true
			break
		}
		if err != nil {
			return pion.Sample{}, fault.DeviceLost.Wrap(err, "reason", "the file is damaged")
		}
		// Of the slices of a picture only the first begins at macroblock 0, which
		// is written as a bit that is set.
		first := isSlice(n) && len(n.Data) > 1 && n.Data[1]&0x80 != 0
		if picture && (first || !isSlice(n)) {
			h.ahead = n
			return pion.Sample{Data: data, Duration: h264Frame}, nil
		}
		add(n)
	}
	switch {
	case picture:
		return pion.Sample{Data: data, Duration: h264Frame}, nil
	case len(data) > 0:
		return pion.Sample{}, fault.DeviceLost.New("reason", "the file ends in the middle of a picture")
	}
	return pion.Sample{}, io.EOF
}

func isSlice(n *h264reader.NAL) bool {
	return n.UnitType == h264reader.NalUnitTypeCodedSliceNonIdr || n.UnitType == h264reader.NalUnitTypeCodedSliceIdr
}

func (h *h264) close() { closeReader(h.src) }
