// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/client"
)

var (
	ufragLine = regexp.MustCompile(`a=ice-ufrag:(\S+)`)
	pwdLine   = regexp.MustCompile(`a=ice-pwd:(\S+)`)
)

// offers sends offers of new credentials, none of which ever becomes a path.
func offers(ctx context.Context, sc *scene) (told, error) {
	pc, offer, err := publisher(10)
	if pc != nil {
		defer pc.Close()
	}
	if err != nil {
		return told{}, err
	}
	ufrag, pwd := ufragLine.FindString(offer.SDP), pwdLine.FindString(offer.SDP)
	var frames, sockets atomic.Int64
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				s, d, err := enter(ctx, sc, sc.Guests[i], offer, nil)
				if err != nil {
					pause(ctx, 250*time.Millisecond)
					continue
				}
				sockets.Add(1)
				for n := 0; ctx.Err() == nil; n++ {
					again := strings.NewReplacer(ufrag, fmt.Sprintf("a=ice-ufrag:u%06d", n), pwd, fmt.Sprintf("a=ice-pwd:p%030d", n)).Replace(offer.SDP)
					if s.send(ctx, frame(fmt.Sprint(n), "offer", map[string]any{
						"desc": description{Type: "offer", SDP: again}, "tracks": map[string]any{}, "sfu_node_id": d.Node,
					})) != nil {
						break
					}
					frames.Add(1)
				}
				s.drop()
			}
		})
	}
	wg.Wait()
	return told{Found: fmt.Sprintf("%d frames, %d sockets", frames.Load(), sockets.Load())}, nil
}

// rubbishRate is how many packets a second are sent: what fills the kernel's
// buffer before the server reads it is nothing a server can mend.
const rubbishRate = 40_000

// rubbish sends packets that begin like something.
func rubbish(ctx context.Context, sc *scene) (told, error) {
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: hostileAddress}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sc.UDP})
	if err != nil {
		return told{}, err
	}
	defer c.Close()
	packet := make([]byte, 1200)
	for i := range packet {
		packet[i] = byte(rand.Uint32())
	}
	n, began := 0, time.Now()
	for ; ctx.Err() == nil; n++ {
		if ahead := time.Duration(n)*time.Second/rubbishRate - time.Since(began); ahead > time.Millisecond {
			pause(ctx, ahead)
		}
		switch n % 4 {
		case 0: // RTP
			packet[0], packet[1] = 0x80, 96
		case 1: // RTCP
			packet[0], packet[1] = 0x81, 201
		case 2: // DTLS
			packet[0], packet[1] = 22, 0xfe
		case 3: // STUN, with a user name nobody has
			packet[0], packet[1] = 0, 1
			binary.BigEndian.PutUint16(packet[2:], uint16(100))
			binary.BigEndian.PutUint32(packet[4:], 0x2112a442)
			binary.BigEndian.PutUint16(packet[20:], 6)
			binary.BigEndian.PutUint16(packet[22:], 20)
		}
		binary.BigEndian.PutUint32(packet[8:], rand.Uint32())
		if _, err := c.Write(packet[:120+n%1000]); err != nil && !errors.Is(err, net.ErrClosed) {
			pause(ctx, time.Millisecond) // the kernel's buffer is full
		}
	}
	return told{Found: fmt.Sprintf("%.0f packets a second", float64(n)/sc.Seconds)}, nil
}

// nacks takes a video of its own and asks for what it has had.
func nacks(ctx context.Context, sc *scene) (told, error) {
	owner, err := client.Join(ctx, client.Config{Endpoint: sc.URL, Token: sc.Crowd[0], Name: "owner"})
	if err != nil {
		return told{}, err
	}
	defer owner.Leave()
	if _, err := owner.Publish(ctx, client.Pattern()); err != nil {
		return told{}, err
	}
	pc, offer, err := publisher(1)
	if pc != nil {
		defer pc.Close()
	}
	if err != nil {
		return told{}, err
	}
	l := &listener{ice: true, tracks: make(chan *webrtc.TrackRemote, 8)}
	defer l.close()
	s, _, err := enter(ctx, sc, sc.Others[0], offer, l.heard)
	if err != nil {
		return told{}, err
	}
	defer s.drop()
	var track *webrtc.TrackRemote
	select {
	case track = <-l.tracks:
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		return told{}, errors.Join(errors.New("no video came"), l.failed)
	}
	var last, came, size atomic.Uint64
	go func() {
		for {
			p, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			last.Store(uint64(p.SequenceNumber))
			came.Add(1)
			size.Add(uint64(p.MarshalSize()))
		}
	}()
	began, asked := time.Now(), 0
	for ctx.Err() == nil {
		now := uint16(last.Load())
		var pairs []rtcp.NackPair
		for back := range uint16(60) {
			pairs = append(pairs, rtcp.NackPair{PacketID: now - 17*back - 17, LostPackets: 0xffff})
		}
		if err := l.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: uint32(track.SSRC()), Nacks: pairs}}); err != nil {
			break
		}
		asked++
		if asked%100 == 0 {
			pause(ctx, time.Millisecond)
		}
	}
	took := time.Since(began).Seconds()
	// Repeats may be sent apart from the track; what the kernel was given tells.
	return told{Found: fmt.Sprintf("%.0f requests of 1,020 packets a second; the video came at %.1f Mbit/s, and repeats at %.1f Mbit/s",
		float64(asked)/took, float64(size.Load())*8/took/1e6, float64(l.arrived()-size.Load())*8/took/1e6)}, nil
}

// arrived is how many bytes the connection has taken from the network.
func (l *listener) arrived() (n uint64) {
	for _, one := range l.pc.GetStats() {
		if t, ok := one.(webrtc.TransportStats); ok {
			n += t.BytesReceived
		}
	}
	return n
}

// victims are addresses that never answer. They count what reaches them.
type victims struct {
	conns []*net.UDPConn
	came  atomic.Int64
}

func newVictims(n int) (*victims, error) {
	v := &victims{}
	for range n {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 77)})
		if err != nil {
			v.close()
			return nil, err
		}
		v.conns = append(v.conns, c)
		go func() {
			buf := make([]byte, 2048)
			for {
				size, _, err := c.ReadFromUDP(buf)
				if err != nil {
					return
				}
				v.came.Add(int64(size))
			}
		}()
	}
	return v, nil
}

func (v *victims) port(i int) int { return v.conns[i].LocalAddr().(*net.UDPAddr).Port }

func (v *victims) close() {
	for _, c := range v.conns {
		_ = c.Close()
	}
}

// mostReflected is how many bytes may go to an address that has proven nothing,
// for each byte that was sent to the server (as in RFC 9000, section 8).
const mostReflected = 3

// reflect lets the server send to those who never asked: to candidates it is
// told of, on both sides, and to the source of checks, which anybody who knows
// the credentials can forge.
func reflect(ctx context.Context, sc *scene) (told, error) {
	const many = 40
	candidates, err := newVictims(2 * many)
	if err != nil {
		return told{}, err
	}
	defer candidates.close()
	forged, err := newVictims(many)
	if err != nil {
		return told{}, err
	}
	defer forged.close()
	pc, offer, err := publisher(1)
	if pc != nil {
		defer pc.Close()
	}
	if err != nil {
		return told{}, err
	}
	l := &listener{tracks: make(chan *webrtc.TrackRemote, 8)}
	defer l.close()
	offered := make(chan struct{}, 1)
	s, d, err := enter(ctx, sc, sc.Guests[0], offer, func(s *socket, method string, params json.RawMessage) {
		l.heard(s, method, params)
		if method == "offer" {
			select {
			case offered <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		return told{}, err
	}
	defer s.drop()
	select {
	case <-offered:
	case <-time.After(5 * time.Second):
	case <-ctx.Done():
	}
	sent := 0
	for i := range 2 * many {
		f := frame("", "trickle", map[string]any{"target": i % 2, "candidate": map[string]any{
			"candidate": fmt.Sprintf("candidate:%d 1 udp 2130706431 127.0.0.77 %d typ host", i, candidates.port(i)), "sdpMid": "0", "sdpMLineIndex": 0,
		}})
		sent += len(f)
		if s.send(ctx, f) != nil {
			break
		}
	}
	// The credentials of the publish side are in the answer.
	ufrag, pwd := ufragLine.FindStringSubmatch(d.SDP), pwdLine.FindStringSubmatch(d.SDP)
	mine := ufragLine.FindStringSubmatch(offer.SDP)
	checks := 0
	if ufrag != nil && pwd != nil && mine != nil {
		to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sc.UDP}
		for _, c := range forged.conns {
			m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(ufrag[1]+":"+mine[1]),
				rawAttribute{stun.AttrPriority, []byte{0x6e, 0, 0x1e, 0xff}}, rawAttribute{stun.AttrICEControlling, make([]byte, 8)},
				rawAttribute{stun.AttrUseCandidate, nil}, stun.NewShortTermIntegrity(pwd[1]), stun.Fingerprint)
			if err != nil {
				return told{}, err
			}
			n, err := c.WriteToUDP(m.Raw, to)
			if err != nil {
				return told{}, err
			}
			checks += n
		}
	}
	<-ctx.Done()
	byCandidate := float64(candidates.came.Load()) / float64(max(sent, 1))
	byCheck := float64(forged.came.Load()) / float64(max(checks, 1))
	t := told{Found: fmt.Sprintf("%d bytes of candidates made %d bytes (%.1f times), %d bytes of checks made %d (%.1f times)",
		sent, candidates.came.Load(), byCandidate, checks, forged.came.Load(), byCheck)}
	if byCandidate > mostReflected || byCheck > mostReflected {
		t.Broken = append(t.Broken, "reflection")
	}
	return t, nil
}

// rawAttribute is an attribute of a STUN message.
type rawAttribute struct {
	kind  stun.AttrType
	value []byte
}

// AddTo implements stun.Setter.
func (a rawAttribute) AddTo(m *stun.Message) error { m.Add(a.kind, a.value); return nil }

// outOfFiles opens media connections until there is no descriptor left, gives
// them back, and looks whether the server takes new ones.
func outOfFiles(ctx context.Context, sc *scene) (told, error) {
	address := fmt.Sprintf("127.0.0.1:%d", sc.TCP)
	flooding, stop := context.WithTimeout(ctx, time.Duration(sc.Seconds*float64(time.Second))/3)
	defer stop()
	opened := 0
	for flooding.Err() == nil {
		var conns []net.Conn
		for range 300 {
			c, err := dialer(hostile).DialContext(flooding, "tcp", address)
			if err != nil {
				break
			}
			conns = append(conns, c)
		}
		opened += len(conns)
		pause(flooding, time.Second)
		for _, c := range conns {
			_ = c.Close()
		}
	}
	// One who says nothing that makes sense is cut off, by a server that takes
	// connections at all.
	pause(ctx, time.Second)
	t := told{Found: fmt.Sprintf("%d connections, then media over TCP is taken", opened)}
	c, err := dialer(honest).DialContext(ctx, "tcp", address)
	if err == nil {
		defer c.Close()
		_, _ = c.Write(append([]byte{0, 20}, make([]byte, 20)...))
		_ = c.SetReadDeadline(time.Now().Add(8 * time.Second))
		if _, err = io.Copy(io.Discard, c); !errors.Is(err, os.ErrDeadlineExceeded) {
			return t, nil
		}
	}
	t.Found = fmt.Sprintf("%d connections, then media over TCP is dead", opened)
	t.Broken = append(t.Broken, "media over TCP")
	return t, nil
}
