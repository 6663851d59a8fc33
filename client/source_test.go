package client_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

// ivfFile is a file of n frames, as 50 in a second, each a tiny VP8 key frame.
func ivfFile(fourCC string, n int) []byte {
	b := append([]byte("DKIF\x00\x00\x20\x00"), fourCC...)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = binary.LittleEndian.AppendUint32(b, 50)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, 0)
	frame := []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 1, 2, 3}
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = binary.LittleEndian.AppendUint64(b, uint64(i))
		b = append(b, frame...)
	}
	return b
}

func oggFile(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := oggwriter.NewWith(&b, 48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		p := rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i) * 960}, Payload: []byte{0xf8, 0xff, 0xfe}}
		if err := w.WriteRTP(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// h264File is a byte stream of n pictures: parameter sets and IDR slices.
func h264File(n int) []byte {
	var b []byte
	for range n {
		for _, nal := range [][]byte{{0x67, 0x42, 0xe0, 0x1f, 0x8c}, {0x68, 0xce, 0x3c, 0x80}, {0x65, 0x88, 0x84, 1, 2, 3, 4}} {
			b = append(append(b, 0, 0, 0, 1), nal...)
		}
	}
	return b
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFilesThatCannotBePlayed are the capture device errors of a client whose
// devices are files.
func TestFilesThatCannotBePlayed(t *testing.T) {
	secret := file(t, "secret.ivf", ivfFile("VP80", 1))
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		want       *fault.Kind
		code       int
	}{
		{"missing", filepath.Join(t.TempDir(), "no.ivf"), fault.DeviceNotFound, 3002},
		{"not readable", secret, fault.CaptureDenied, 3001},
		{"unknown format", file(t, "a.mp4", []byte("....ftyp")), fault.CodecUnsupported, 400},
		{"unknown codec", file(t, "a.ivf", ivfFile("MJPG", 1)), fault.CodecUnsupported, 400},
		{"not IVF", file(t, "b.ivf", []byte("hello, this is no IVF file at all, only text")), fault.CodecUnsupported, 400},
		{"empty IVF", file(t, "c.ivf", nil), fault.CodecUnsupported, 400},
		{"not Ogg", file(t, "a.ogg", []byte("hello, this is no Ogg file at all, only text")), fault.CodecUnsupported, 400},
		{"not H.264", file(t, "a.h264", []byte("hello")), fault.CodecUnsupported, 400},
		{"a directory", t.TempDir() + "/", fault.CodecUnsupported, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == fault.CaptureDenied && os.Geteuid() == 0 {
				t.Skip("root may read every file")
			}
			_, err := client.File(c.path)
			if d := client.Describe(err); !errors.Is(err, c.want) || d.Code != c.code || d.Terminal {
				t.Errorf("%v %+v, want %s", err, d, c.want.ID)
			}
		})
	}
}

// TestFilesPlayAndAreRecorded sends each kind of file through a real server and
// reads what the other side has written down.
func TestFilesPlayAndAreRecorded(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	w := watch()
	cfg := s.config("guest", "guest")
	cfg.Listener, cfg.AutoSubscribe = w.listener(), client.LayerHigh
	s.join(cfg)
	for _, c := range []struct {
		name, mime string
		content    []byte
		read       func(t *testing.T, b []byte) int // frames
	}{
		{"v.ivf", webrtc.MimeTypeVP8, ivfFile("VP80", 40), func(t *testing.T, b []byte) (n int) {
			r, head, err := ivfreader.NewWith(bytes.NewReader(b))
			if err != nil || head.FourCC != "VP80" {
				t.Fatal(head, err)
			}
			for ; ; n++ {
				if _, _, err := r.ParseNextFrame(); err != nil {
					return n
				}
			}
		}},
		{"a.ogg", webrtc.MimeTypeOpus, oggFile(t, 40), func(t *testing.T, b []byte) (n int) {
			r, _, err := oggreader.NewWith(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			for ; ; n++ {
				if _, _, err := r.ParseNextPage(); err != nil {
					return n
				}
			}
		}},
		{"v.h264", webrtc.MimeTypeH264, h264File(40), func(_ *testing.T, b []byte) int {
			return bytes.Count(b, []byte{0, 0, 0, 1, 0x65}) + bytes.Count(b, []byte{0, 0, 1, 0x65})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, err := client.File(file(t, c.name, c.content))
			if err != nil {
				t.Fatal(err)
			}
			src.Loop = true
			pub, err := host.Publish(t.Context(), src)
			if err != nil {
				t.Fatal(err)
			}
			tr := get(t, w.tracks, "the track")
			flows(t, tr)
			if codec, _ := tr.Codec(); codec.MimeType != c.mime {
				t.Errorf("it arrives as %s", codec.MimeType)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			name, err := client.Record(ctx, tr, filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if n := c.read(t, b); n < 10 {
				t.Errorf("%d frames in a second of recording", n)
			}
			if err := pub.Unpublish(t.Context()); err != nil {
				t.Error(err)
			}
			get(t, pub.Done(), "the source's end")
		})
	}
}

// TestFileEndsMidFrame plays a file that breaks off: what is whole is sent, and
// the listener is told that the device was lost.
func TestFileEndsMidFrame(t *testing.T) {
	s := newSite(t)
	w := watch()
	cfg := s.config("host", "host")
	cfg.Listener = w.listener()
	host := s.join(cfg)
	whole := ivfFile("VP80", 5)
	damaged := ivfFile("VP80", 2)
	damaged = binary.LittleEndian.AppendUint32(damaged, 0xfffffff0) // a frame of 4 GB
	damaged = append(damaged, make([]byte, 8)...)
	ogg := oggFile(t, 5)
	for name, content := range map[string][]byte{"cut.ivf": whole[:len(whole)-4], "head.ivf": whole[:len(whole)-20], "huge.ivf": damaged, "cut.ogg": ogg[:len(ogg)-2]} {
		t.Run(name, func(t *testing.T) {
			src, err := client.File(file(t, name, content))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := host.Publish(t.Context(), src); err != nil {
				t.Fatal(err)
			}
			e := get(t, w.errors, "the error")
			if d := client.Describe(e); !errors.Is(e, fault.DeviceLost) || d.Code != 3004 || d.Terminal {
				t.Errorf("told %v %+v", e, d)
			}
		})
	}
	if host.State() != client.StateJoined {
		t.Error("the session did not survive it")
	}
	// A whole file ends without a word.
	src, err := client.File(file(t, "whole.ivf", whole))
	if err != nil {
		t.Fatal(err)
	}
	pub, err := host.Publish(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	get(t, pub.Done(), "the end")
	if len(w.errors) != 0 {
		t.Errorf("told %v", <-w.errors)
	}
}

// TestUnknownCodec publishes what no server takes; the room is as before.
func TestUnknownCodec(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	for _, mime := range []string{"video/H261", "audio/L16"} {
		track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, "t-"+mime, "s")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := host.Publish(t.Context(), track); !errors.Is(err, fault.CodecUnsupported) {
			t.Errorf("%s: %v, want codec.unsupported", mime, err)
		}
	}
	if len(host.Publications()) != 0 {
		t.Error("it is published all the same")
	}
	if _, err := host.Publish(t.Context(), client.Pattern()); err != nil {
		t.Error("publishing after it:", err)
	}
	src := client.Tone()
	if _, err := host.Publish(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Publish(t.Context(), src); !errors.Is(err, fault.ArgumentInvalid) && !errors.Is(err, fault.DeviceInUse) {
		t.Errorf("twice: %v", err)
	}
}

// TestFileHeldByAnother plays a file on which another process holds a lease
// (fcntl(2), F_SETLEASE): the one way in which Linux makes a plain file busy.
func TestFileHeldByAnother(t *testing.T) {
	const setLease = 1024                             // F_SETLEASE, which package syscall does not name
	if path := os.Getenv("REDIAL_HOLD"); path != "" { // the other process
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, no := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), setLease, syscall.F_WRLCK); no != 0 {
			fmt.Println("no lease:", no)
			return
		}
		signal.Ignore(syscall.SIGIO) // that somebody wants the file
		fmt.Println("held")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	path := file(t, "busy.ivf", ivfFile("VP80", 2))
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFileHeldByAnother$")
	cmd.Env = append(os.Environ(), "REDIAL_HOLD="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	line, _ := bufio.NewReader(out).ReadString('\n')
	if line != "held\n" {
		t.Skip("this file system gives no leases: ", line)
	}
	_, err = client.File(path)
	if d := client.Describe(err); !errors.Is(err, fault.DeviceInUse) || d.Code != 3003 {
		t.Errorf("%v %+v", err, d)
	}
}
