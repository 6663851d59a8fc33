// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

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
	"runtime"
	"slices"
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

// av1Unit is a temporal unit as a decoder gets it: a sequence header and a frame.
var av1Unit = append([]byte{0x0a, 0x03, 1, 2, 3, 0x32, 0x40}, make([]byte, 0x40)...)

// av1File is an IVF file of n such units.
func av1File(n int) []byte {
	b := ivfFile("AV01", 0)
	for i := range n {
		unit := append([]byte{0x12, 0}, av1Unit...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(unit)))
		b = binary.LittleEndian.AppendUint64(b, uint64(i))
		b = append(b, unit...)
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
				// Root may read every file. This thread is somebody else where files
				// are concerned (setfsuid(2)), which also drops that privilege.
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				if err := syscall.Setfsuid(65534); err != nil {
					t.Skip("this system does not let the test be nobody:", err)
				}
				defer func() { _ = syscall.Setfsuid(0) }()
			}
			_, err := client.File(c.path)
			if d := client.Describe(err); !errors.Is(err, c.want) || d.Code != c.code || d.Terminal {
				t.Errorf("%v %+v, want %s", err, d, c.want.ID)
			}
		})
	}
}

// frames are the pictures of an IVF file, with their times in milliseconds.
func frames(t *testing.T, b []byte) (list [][]byte, ms []uint64, head *ivfreader.IVFFileHeader) {
	t.Helper()
	_, head, err := ivfreader.NewWith(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for b = b[32:]; len(b) >= 12; {
		size, at := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[4:])
		list = append(list, b[12:12+size])
		ms = append(ms, at*1000*uint64(head.TimebaseNumerator)/uint64(head.TimebaseDenominator))
		b = b[12+size:]
	}
	return list, ms, head
}

// packets are those of an Ogg file with one packet a page, as Record writes it.
func packets(t *testing.T, b []byte) (list [][]byte, granule uint64) {
	t.Helper()
	r, _, err := oggreader.NewWith(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for {
		page, head, err := r.ParseNextPage()
		if err != nil {
			return list, granule
		}
		if _, isHead := head.HeaderType(page); !isHead {
			list, granule = append(list, page), head.GranulePosition
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// isOneOf demands that a picture is exactly one of those that were sent, or a
// packet of sound a part of the file.
func isOneOf(t *testing.T, what string, got []byte, sent [][]byte) {
	t.Helper()
	if !slices.ContainsFunc(sent, func(s []byte) bool { return bytes.Equal(s, got) || len(got) == 60 && bytes.Contains(s, got) }) {
		t.Errorf("%s of %d bytes was never sent: % x", what, len(got), got[:min(len(got), 24)])
	}
}

// TestMediaIsReadAndRecorded sends each kind of media through a real server,
// reads the other side's samples, which must be what was sent, bit for bit, and
// then what the other side has written down.
func TestMediaIsReadAndRecorded(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	w := watch()
	cfg := s.config("guest", "guest")
	cfg.Listener, cfg.AutoSubscribe = w.listener(), client.LayerHigh
	s.join(cfg)
	ivf := func(name string) func(t *testing.T) [][]byte {
		return func(t *testing.T) [][]byte {
			list, _, _ := frames(t, read(t, name))
			return list
		}
	}
	pictures := func(t *testing.T, b []byte) [][]byte {
		list, ms, head := frames(t, b)
		if int(head.NumFrames) != len(list) || head.Width == 0 && head.FourCC != "AV01" {
			t.Errorf("the header tells of %d pictures of %dx%d; there are %d", head.NumFrames, head.Width, head.Height, len(list))
		}
		if !slices.IsSorted(ms) || len(ms) > 1 && (ms[1]-ms[0] > 500 || ms[len(ms)-1] > 5000) {
			t.Errorf("the times are %v", ms)
		}
		if head.FourCC == "AV01" { // with the delimiters that a file has
			for i := range list {
				list[i] = bytes.TrimPrefix(list[i], []byte{0x12, 0})
			}
		}
		return list
	}
	stream := func(_ *testing.T, b []byte) (list [][]byte) {
		unit := h264File(1)
		for ; bytes.HasPrefix(b, unit); b = b[len(unit):] {
			list = append(list, unit)
		}
		if len(b) > 0 {
			list = append(list, b)
		}
		return list
	}
	sounds := func(t *testing.T, b []byte) [][]byte {
		list, granule := packets(t, b)
		if granule != uint64(len(list))*960 {
			t.Errorf("%d packets last %d samples", len(list), granule)
		}
		return list
	}
	for _, c := range []struct {
		name, mime string
		path       string // of the file that is played; "" for the pattern or the tone
		sent       func(t *testing.T) [][]byte
		recorded   func(t *testing.T, b []byte) [][]byte
		keyframes  bool // all of them
	}{
		{"pattern", webrtc.MimeTypeVP8, "", ivf("pattern/high.ivf"), pictures, true},
		{"VP9", webrtc.MimeTypeVP9, "testdata/vp9.ivf", ivf("testdata/vp9.ivf"), pictures, false},
		{"AV1", webrtc.MimeTypeAV1, file(t, "av1.ivf", av1File(30)), func(*testing.T) [][]byte { return [][]byte{av1Unit} }, pictures, true},
		{"H.264", webrtc.MimeTypeH264, file(t, "v.h264", h264File(40)), func(*testing.T) [][]byte { return [][]byte{h264File(1)} }, stream, true},
		{"tone", webrtc.MimeTypeOpus, "", func(t *testing.T) [][]byte { return [][]byte{read(t, "pattern/tone.ogg")} }, sounds, true},
		{"Ogg", webrtc.MimeTypeOpus, file(t, "a.ogg", oggFile(t, 40)), func(*testing.T) [][]byte { return [][]byte{{0xf8, 0xff, 0xfe}} }, sounds, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var src *client.Player
			var err error
			switch {
			case c.path != "":
				src, err = client.File(c.path)
			case c.mime == webrtc.MimeTypeOpus:
				src = client.Tone()
			default:
				src = client.Pattern()
			}
			if err != nil {
				t.Fatal(err)
			}
			src.Loop = true
			pub, err := host.Publish(t.Context(), src)
			if err != nil {
				t.Fatal(err)
			}
			tr := get(t, w.tracks, "the track")
			sent := c.sent(t)
			samples := tr.Samples()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			last := time.Duration(-1)
			for i := range 20 {
				one, err := samples.Read(ctx)
				if err != nil {
					t.Fatal(err)
				}
				isOneOf(t, "a sample", one.Data, sent)
				if one.Codec != c.mime || one.Time < last || i == 0 && !one.Keyframe || c.keyframes && !one.Keyframe {
					t.Errorf("sample %d: %s at %v after %v, keyframe %v", i, one.Codec, one.Time, last, one.Keyframe)
				}
				if c.mime == webrtc.MimeTypeOpus && one.Duration != 20*time.Millisecond {
					t.Errorf("sample %d lasts %v", i, one.Duration)
				}
				last = one.Time
			}
			if n := tr.Stats().Keyframes; (n > 0) != (c.mime != webrtc.MimeTypeOpus) {
				t.Errorf("%d keyframes are counted", n)
			}

			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			name, err := client.Record(ctx, tr, filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			list := c.recorded(t, read(t, name))
			if len(list) < 8 {
				t.Errorf("%d pictures or packets in a second of recording", len(list))
			}
			for _, one := range list {
				if !bytes.Equal(one, []byte{0xf8, 0xff, 0xfe}) { // silence where a packet was late
					isOneOf(t, "what is recorded", one, sent)
				}
			}
			if again, err := client.File(name); err != nil || again.Codec().MimeType != c.mime {
				t.Errorf("the recording cannot be played: %v", err)
			}
			if err := pub.Unpublish(t.Context()); err != nil {
				t.Error(err)
			}
			get(t, pub.Done(), "the source's end")
		})
	}
}

// TestRecordingKeepsTime mutes in the middle: the file is as long as the call.
func TestRecordingKeepsTime(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	w := watch()
	cfg := s.config("guest", "guest")
	cfg.Listener = w.listener()
	s.join(cfg)
	pub, err := host.Publish(t.Context(), client.Tone())
	if err != nil {
		t.Fatal(err)
	}
	tr := get(t, w.tracks, "the track")
	flows(t, tr)
	type recorded struct {
		name string
		err  error
	}
	done := make(chan recorded, 1)
	path := filepath.Join(t.TempDir(), "out")
	before := tr.Stats().Packets
	go func() {
		name, err := client.Record(t.Context(), tr, path)
		done <- recorded{name, err}
	}()
	until(t, "recording", func() bool { return tr.Stats().Packets > before+10 })
	if err := pub.SetMuted(true); err != nil {
		t.Fatal(err)
	}
	const quiet = 600 * time.Millisecond
	time.Sleep(quiet) // that is what is recorded
	if err := pub.SetMuted(false); err != nil {
		t.Fatal(err)
	}
	before = tr.Stats().Packets
	until(t, "going on", func() bool { return tr.Stats().Packets > before+10 })
	if err := pub.Unpublish(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := get(t, done, "the recording")
	if got.err != nil {
		t.Fatal(got.err)
	}
	list, _ := packets(t, read(t, got.name))
	silent := 0
	for _, p := range list {
		if bytes.Equal(p, []byte{0xf8, 0xff, 0xfe}) {
			silent++
		}
	}
	if silent < int(quiet/(20*time.Millisecond))-5 || len(list)-silent < 20 {
		t.Errorf("%d packets, %d of them silent", len(list), silent)
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
	flipped := bytes.Clone(ogg)
	flipped[len(flipped)-1] ^= 1
	for name, content := range map[string][]byte{
		"flipped.ogg": flipped, "cut.h264": append(h264File(2), 0, 0, 0, 1, 0x67, 0x42),
		"cut.ivf": whole[:len(whole)-4], "head.ivf": whole[:len(whole)-20], "huge.ivf": damaged, "cut.ogg": ogg[:len(ogg)-2]} {
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
