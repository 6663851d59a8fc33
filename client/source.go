package client

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
	pion "github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/redial-rtc/redial/fault"
)

// Source is a track that feeds itself once it is published: a file or a test
// pattern. It can be published once at a time.
type Source struct {
	*webrtc.TrackLocalStaticSample
	// Loop plays from the beginning again at the end.
	Loop bool

	open func() (reader, error)
	mu   sync.Mutex
	busy bool
}

// reader gives one sample after the other and io.EOF at a clean end.
type reader interface {
	next() (pion.Sample, error)
	close()
}

// File opens a media file to be published: IVF with VP8, VP9 or AV1, Ogg with
// Opus, or H.264 in the byte stream format (ITU-T H.264, annex B; 30 frames a
// second). The beginning is read at once, so that what cannot be played fails
// here: with fault.DeviceNotFound for a file that does not exist,
// fault.CaptureDenied for one that may not be read, fault.DeviceInUse for one
// that is held by others, fault.CodecUnsupported for another format or codec,
// and fault.DeviceFailed for what cannot be read. A file that ends in the
// middle of a frame is told to OnError as fault.DeviceLost when that is reached.
func File(path string) (*Source, error) {
	open := func() (reader, error) { return openFile(path) }
	r, err := open()
	if err != nil {
		return nil, asFault(err, fault.OpCapture)
	}
	mime := mimeOf(r)
	r.close()
	s, err := newSource(mime, open)
	if err != nil {
		return nil, asFault(err, fault.OpCapture)
	}
	return s, nil
}

// The frames of the patterns; pattern/generate.go says how they were made.
var (
	//go:embed pattern/high.ivf
	patternHigh []byte
	//go:embed pattern/medium.ivf
	patternMedium []byte
	//go:embed pattern/low.ivf
	patternLow []byte
)

// Pattern is a test picture, VP8, 640x360, 15 frames a second, without end.
// Every frame is a key frame, so that a viewer sees it at once. It needs no
// encoder: two seconds of encoded frames ship with this package.
func Pattern() *Source { return patternSource(patternHigh, "", "", "") }

// SimulcastPattern is [Pattern] in three sizes, 640x360, 320x180 and 160x90, to
// be published as one track:
//
//	t, layers := client.SimulcastPattern()
//	room.Publish(ctx, t, layers)
func SimulcastPattern() (*Source, PublishOption) {
	high := patternSource(patternHigh, "", "", "f")
	return high, WithLayers(
		patternSource(patternMedium, high.ID(), high.StreamID(), "h"),
		patternSource(patternLow, high.ID(), high.StreamID(), "q"))
}

func patternSource(frames []byte, id, stream, rid string) *Source {
	s, err := newLayer(webrtc.MimeTypeVP8, func() (reader, error) { return newIVF(bytes.NewReader(frames)) }, id, stream, rid)
	if err != nil {
		panic(err) // a constant codec
	}
	s.Loop = true
	return s
}

// Tone is a source of Opus silence, 50 frames a second, without end: enough for
// a load test, which looks at packets.
func Tone() *Source {
	s, err := newSource(webrtc.MimeTypeOpus, func() (reader, error) { return silence{}, nil })
	if err != nil {
		panic(err)
	}
	s.Loop = true
	return s
}

// silence is the Opus frame of RFC 6716, 3.1: SILK, wideband, 20 ms, DTX.
type silence struct{}

func (silence) next() (pion.Sample, error) {
	return pion.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond}, nil
}
func (silence) close() {}

func newSource(mime string, open func() (reader, error)) (*Source, error) {
	return newLayer(mime, open, "", "", "")
}

func newLayer(mime string, open func() (reader, error), id, stream, rid string) (*Source, error) {
	if id == "" {
		id, stream = uuid.NewString(), uuid.NewString()
	}
	var opts []func(*webrtc.TrackLocalStaticRTP)
	if rid != "" {
		opts = append(opts, webrtc.WithRTPStreamID(rid))
	}
	t, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, id, stream, opts...)
	if err != nil {
		return nil, fault.ClientInternal.Wrap(err)
	}
	return &Source{TrackLocalStaticSample: t, open: open}, nil
}

func (s *Source) claim() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		return fault.DeviceInUse.New("track", s.ID())
	}
	s.busy = true
	return nil
}

func (s *Source) release() {
	s.mu.Lock()
	s.busy = false
	s.mu.Unlock()
}

// run plays until the end, a failure, or ctx. Muted, time passes and nothing is
// sent.
func (s *Source) run(ctx context.Context) error {
	for {
		r, err := s.open()
		if err != nil {
			return err
		}
		err = s.play(ctx, r)
		r.close()
		if !errors.Is(err, io.EOF) {
			return err
		}
		if !s.Loop {
			return nil
		}
	}
}

// play sends each sample when it is due. It counts from the beginning, so that
// a late sample does not delay those after it.
func (s *Source) play(ctx context.Context, r reader) error {
	due := time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		sample, err := r.next()
		if err != nil {
			return err
		}
		_ = s.WriteSample(sample) // the gate of the publication counts
		due = due.Add(sample.Duration)
		if late := time.Since(due); late > time.Second { // the machine slept
			due = due.Add(late)
		}
		wait.Reset(time.Until(due))
	}
}

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

// cutShort words the end of a stream in the middle of a frame.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fault.DeviceLost.Wrap(err, "reason", "the file ends in the middle of a frame or is damaged")
}

func closeReader(r io.Reader) {
	if c, ok := r.(io.Closer); ok {
		_ = c.Close()
	}
}

// counted tells a clean end from one in the middle of something: how many bytes
// were read since the last boundary.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
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
		return nil, 0, fault.DeviceLost.Wrap(err, "reason", "the file ends in the middle of a frame")
	}
	size := binary.LittleEndian.Uint32(head[:4])
	if size > maxPicture {
		return nil, 0, fault.DeviceLost.New("reason", "the file is damaged", "frame_bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(v.src, b); err != nil {
		return nil, 0, fault.DeviceLost.Wrap(err, "reason", "the file ends in the middle of a frame")
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

// ogg reads Opus in Ogg (RFC 7845), one packet at a time.
type ogg struct {
	src     io.Reader
	read    counted
	r       *oggreader.OggReader
	granule uint64
	begun   bool
}

func newOgg(src io.Reader) (reader, error) {
	o := &ogg{src: src, read: counted{Reader: src}}
	r, _, err := oggreader.NewWith(&o.read)
	if err != nil {
		return nil, fault.CodecUnsupported.Wrap(err, "reason", "not Opus in Ogg")
	}
	o.r = r
	return o, nil
}

func (o *ogg) next() (pion.Sample, error) {
	for {
		o.read.n = 0
		page, head, err := o.r.ParseNextPage()
		if err != nil {
			if o.read.n == 0 {
				return pion.Sample{}, io.EOF
			}
			return pion.Sample{}, cutShort(noEOF(err))
		}
		if _, isHead := head.HeaderType(page); isHead || len(page) == 0 {
			continue
		}
		samples := head.GranulePosition - o.granule
		if !o.begun || samples == 0 || samples > 48000*10 {
			samples = 960
		}
		o.begun, o.granule = true, head.GranulePosition
		return pion.Sample{Data: page, Duration: time.Duration(samples) * time.Second / 48000}, nil
	}
}

// noEOF keeps an end in the middle from being taken for a clean one.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (o *ogg) close() { closeReader(o.src) }

// h264 reads NAL units; those before a picture go with it.
type h264 struct {
	src io.Reader
	r   *h264reader.H264Reader
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
	for {
		nal, err := h.r.NextNAL()
		if err != nil {
			if errors.Is(err, io.EOF) && len(data) > 0 {
				return pion.Sample{}, fault.DeviceLost.New("reason", "the file ends in the middle of a picture")
			}
			return pion.Sample{}, cutShort(err)
		}
		data = append(data, 0, 0, 0, 1)
		data = append(data, nal.Data...)
		switch nal.UnitType {
		case h264reader.NalUnitTypeCodedSliceNonIdr, h264reader.NalUnitTypeCodedSliceIdr:
			return pion.Sample{Data: data, Duration: h264Frame}, nil
		}
	}
}

func (h *h264) close() { closeReader(h.src) }
