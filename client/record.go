package client

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/h264writer"
	"github.com/pion/webrtc/v4/pkg/media/ivfwriter"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/redial-rtc/redial/fault"
)

// Extension returns the file name extension under which [Record] writes a
// codec, "" for those that it cannot write.
func Extension(mime string) string {
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

type rtpWriter interface {
	WriteRTP(*rtp.Packet) error
	Close() error
}

// Record writes a track to a file until the track or ctx ends, which is no
// error: VP8, VP9 and AV1 as IVF, H.264 as a byte stream, Opus as Ogg. The file
// is made when media arrives; base gets the extension of the codec, and the
// result is the name of the file, "" when no media came. Packets that come in
// another order than they were sent are put right. A picture is asked for at the
// beginning. It fails with fault.CodecUnsupported and with the error of the file.
func Record(ctx context.Context, t *RemoteTrack, base string) (file string, err error) {
	var w rtpWriter
	defer func() {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	var o ordered
	for {
		p, err := t.ReadRTP(ctx)
		switch {
		case errors.Is(err, io.EOF), ctx.Err() != nil:
			return file, nil
		case err != nil:
			return file, err
		}
		if w == nil {
			codec, ok := t.Codec()
			if !ok {
				continue
			}
			if w, file, err = newWriter(base, codec); err != nil {
				return "", asFault(err, fault.OpSubscribe)
			}
			t.RequestKeyframe()
		}
		for _, p := range o.push(p) {
			if err := w.WriteRTP(p); err != nil {
				return file, err
			}
		}
	}
}

func newWriter(base string, c webrtc.RTPCodecParameters) (rtpWriter, string, error) {
	ext := Extension(c.MimeType)
	name := strings.TrimSuffix(base, filepath.Ext(base)) + ext
	if filepath.Ext(base) != ext {
		name = base + ext
	}
	var w rtpWriter
	var err error
	switch ext {
	case ".ivf":
		w, err = ivfwriter.New(name, ivfwriter.WithCodec(c.MimeType))
	case ".h264":
		w, err = h264writer.New(name)
	case ".ogg":
		w, err = oggwriter.New(name, c.ClockRate, max(c.Channels, 1))
	default:
		return nil, "", fault.CodecUnsupported.New("codec", c.MimeType, "what", "recording")
	}
	if err != nil {
		return nil, "", err
	}
	return w, name, nil
}

// orderedAhead is how many packets may wait for one that is missing.
const orderedAhead = 64

// ordered hands packets out in the order of their numbers. It waits for a
// missing one until too many wait behind it.
type ordered struct {
	begun bool
	next  uint16
	held  map[uint16]*rtp.Packet
}

func (o *ordered) push(p *rtp.Packet) []*rtp.Packet {
	switch ahead := int16(p.SequenceNumber - o.next); {
	case !o.begun, ahead > 1000 || ahead < -1000: // the first, or another sequence
		o.begun, o.next, o.held = true, p.SequenceNumber, map[uint16]*rtp.Packet{}
	case ahead < 0:
		return nil // too late, or a duplicate
	}
	o.held[p.SequenceNumber] = p
	var out []*rtp.Packet
	for len(o.held) > 0 {
		q, here := o.held[o.next]
		if !here && len(o.held) <= orderedAhead {
			break
		}
		if here {
			delete(o.held, o.next)
			out = append(out, q)
		}
		o.next++
	}
	return out
}
