// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// BenchmarkWriteBatched seals packets into batches of five and sends them to a socket
// that nobody reads.
func BenchmarkWriteBatched(b *testing.B) {
	_, p, _, _ := offering(b)
	var ends []*net.UDPConn
	for range 2 {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		ends = append(ends, c)
	}
	sock, err := NewSocket(ends[0])
	if err != nil {
		b.Fatal(err)
	}
	to := ends[1].LocalAddr().(*net.UDPAddr).AddrPort()
	p.path.Store(&path{wire: sock, sock: sock, to: to, dest: sock.destination(to)})
	if p.safe.out, err = srtp.CreateContext(make([]byte, 16), make([]byte, 12), srtp.ProtectionProfileAeadAes128Gcm); err != nil {
		b.Fatal(err)
	}
	header := &rtp.Header{Version: 2, PayloadType: 96, SSRC: 1}
	if err := header.SetExtension(2, []byte{0, 1}); err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 1180)
	var batch Batch
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		header.SequenceNumber++
		if _, err := p.sections[0].WriteBatched(&batch, header, payload); err != nil {
			b.Fatal(err)
		}
		batch.End(i%5 == 4)
	}
	batch.Flush()
}
