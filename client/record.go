// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs/vp9"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/redial-rtc/redial/fault"
)

// extension returns the file name extension under which [Record] writes a
// codec, "" for those that it cannot write.
func extension(mime string) string {
	switch strings.ToLower(mime) {
	case strings.ToLower(webrtc.MimeTypeVP8), strings.ToLower(webrtc.MimeTypeAV1), strings.ToLower(webrtc.MimeTypeVP9):
		return ".ivf"
	case strings.ToLower(webrtc.MimeTypeH264):
		return ".h264"
	case strings.ToLower(webrtc.MimeTypeOpus):
		return ".ogg"
	}
	return ""
}

// Record writes a track to a file until the track or ctx ends, which is no
// error: VP8, VP9 and AV1 as IVF, H.264 as a byte stream, Opus as Ogg. The file
// is made when media arrives; base gets the extension of the codec, and the
// result is the name of the file, "" when no media came. It writes what
// [RemoteTrack.Samples] reads, with its times: pictures that were not whole are
// left out, and where sound was muted or lost there is silence, so that the file
// is as long as the call was. It fails with fault.CodecUnsupported, also when the
// codec changes in the middle, and with the error of the file.
func Record(ctx context.Context, t *RemoteTrack, base string) (file string, err error) {
	var w sampleWriter
	defer func() {
		if w != nil {
			err = errors.Join(err, w.close())
		}
	}()
	samples := t.Samples()
	codec := ""
	for {
		s, err := samples.Read(ctx)
		switch {
		case errors.Is(err, io.EOF), ctx.Err() != nil:
			return file, nil
		case err != nil:
			return file, err
		}
		if w == nil {
			codec = s.Codec
			if w, file, err = newWriter(base, s); err != nil {
				return "", asFault(err, fault.OpSubscribe)
			}
		}
		if s.Codec != codec {
			return file, asFault(fault.CodecUnsupported.New("codec", s.Codec, "want", codec), fault.OpSubscribe)
		}
		if err := w.write(s); err != nil {
			return file, err
		}
	}
}

// sampleWriter writes one kind of file.
type sampleWriter interface {
	write(Sample) error
	close() error
}

func newWriter(base string, first Sample) (sampleWriter, string, error) {
	ext := extension(first.Codec)
	name := strings.TrimSuffix(base, filepath.Ext(base)) + ext
	if filepath.Ext(base) != ext {
		name = base + ext
	}
	if ext == ".ogg" {
		w, err := oggwriter.New(name, 48000, 2)
		if err != nil {
			return nil, "", err
		}
		return &oggFile{w: w}, name, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, "", err
	}
	if ext == ".h264" {
		return &byteStream{f, bufio.NewWriter(f)}, name, nil
	}
	w, err := newIVFWriter(f, first)
	if err != nil {
		_ = f.Close()
		return nil, "", err
	}
	return w, name, nil
}

// ivfWriter counts time in milliseconds.
type ivfWriter struct {
	f      *os.File
	w      *bufio.Writer
	codec  string
	frames uint32
}

func newIVFWriter(f *os.File, first Sample) (*ivfWriter, error) {
	head := append(make([]byte, 0, 32), "DKIF\x00\x00\x20\x00"...)
	width, height := pictureSize(first)
	head = append(head, map[string]string{
		webrtc.MimeTypeVP8: "VP80", webrtc.MimeTypeVP9: "VP90", webrtc.MimeTypeAV1: "AV01",
	}[first.Codec]...)
	head = binary.LittleEndian.AppendUint16(head, width)
	head = binary.LittleEndian.AppendUint16(head, height)
	head = binary.LittleEndian.AppendUint32(head, 1000) // ticks
	head = binary.LittleEndian.AppendUint32(head, 1)    // in so many seconds
	head = append(head, make([]byte, 8)...)             // the number of frames comes at the end
	w := &ivfWriter{f: f, w: bufio.NewWriter(f), codec: first.Codec}
	_, err := w.w.Write(head)
	return w, err
}

func (v *ivfWriter) write(s Sample) error {
	data := s.Data
	if v.codec == webrtc.MimeTypeAV1 { // a file has the delimiters that RTP leaves out
		data = append([]byte{0x12, 0x00}, data...)
	}
	head := binary.LittleEndian.AppendUint32(make([]byte, 0, 12), uint32(len(data)))
	head = binary.LittleEndian.AppendUint64(head, uint64(s.Time.Milliseconds()))
	if _, err := v.w.Write(head); err != nil {
		return err
	}
	v.frames++
	_, err := v.w.Write(data)
	return err
}

func (v *ivfWriter) close() error {
	err := v.w.Flush()
	if err == nil { // a pipe cannot be gone back in, and does without
		_, _ = v.f.WriteAt(binary.LittleEndian.AppendUint32(nil, v.frames), 24)
	}
	return errors.Join(err, v.f.Close())
}

// pictureSize reads the size from a keyframe. For AV1 it is 0 by 0; players take
// it from the pictures.
func pictureSize(s Sample) (width, height uint16) {
	switch s.Codec {
	case webrtc.MimeTypeVP8: // RFC 6386, 9.1
		if len(s.Data) >= 10 {
			width, height = binary.LittleEndian.Uint16(s.Data[6:])&0x3fff, binary.LittleEndian.Uint16(s.Data[8:])&0x3fff
		}
	case webrtc.MimeTypeVP9:
		var h vp9.Header
		if h.Unmarshal(s.Data) == nil && h.FrameSize != nil {
			width, height = h.Width(), h.Height()
		}
	}
	return width, height
}

// byteStream is a file that is nothing but its samples.
type byteStream struct {
	f *os.File
	w *bufio.Writer
}

func (b *byteStream) write(s Sample) error { _, err := b.w.Write(s.Data); return err }
func (b *byteStream) close() error         { return errors.Join(b.w.Flush(), b.f.Close()) }

// oggFile fills gaps, which Ogg has no other way of telling (RFC 7845, 4.1).
type oggFile struct {
	w  *oggwriter.OggWriter
	at time.Duration // how much is written
}

// quiet is an Opus packet of 20 ms (RFC 6716, 3.1: CELT, full band).
var quiet = []byte{0xf8, 0xff, 0xfe}

const quietLasts = 20 * time.Millisecond

func (o *oggFile) write(s Sample) error {
	// Less than two packets may be a clock that runs a little differently.
	for s.Time-o.at >= 2*quietLasts {
		if err := o.put(quiet, quietLasts); err != nil {
			return err
		}
	}
	return o.put(s.Data, s.Duration)
}

func (o *oggFile) put(data []byte, lasts time.Duration) error {
	o.at += lasts
	return o.w.WriteRTP(&rtp.Packet{Payload: data})
}

func (o *oggFile) close() error { return o.w.Close() }
