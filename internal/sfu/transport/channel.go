// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/pion/datachannel"
	"github.com/pion/dtls/v3"
	"github.com/pion/sctp"
)

const (
	sctpMTU = 1191 // bytes of a packet of SCTP, so that with all headers a path of 1,280 passes it
	// firstMessage is what there is room for before a longer message has come, and
	// longestMessage what one may have (RFC 8841, section 6: 64 KiB where nothing is said).
	firstMessage, longestMessage = 2 << 10, 64 << 10
)

// channel is the data channel of a peer, which we open (RFC 8832).
type channel struct {
	label  string
	events ChannelEvents
	peer   *peer

	mu     sync.Mutex
	assoc  *sctp.Association
	data   *datachannel.DataChannel // nil while it is not open
	closed bool
}

func (p *peer) OpenChannel(label string, events ChannelEvents) (Channel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chn != nil || p.local.SDP != "" {
		return nil, errors.New("there is one data channel, made before the first offer")
	}
	p.chn = &channel{label: label, events: events, peer: p}
	return p.chn, nil
}

func (c *channel) Open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.data != nil
}

func (c *channel) Buffered() uint64 {
	c.mu.Lock()
	data := c.data
	c.mu.Unlock()
	if data == nil {
		return 0
	}
	return data.BufferedAmount()
}

func (c *channel) SendText(s string) error {
	c.mu.Lock()
	data := c.data
	c.mu.Unlock()
	if data == nil {
		return io.ErrClosedPipe
	}
	_, err := data.WriteDataChannel([]byte(s), true)
	return err
}

// watched is DTLS as SCTP reads it: its end is that of the connection.
type watched struct {
	*dtls.Conn
	peer *peer
}

func (w watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err != nil {
		w.peer.saidGoodbye()
	}
	return n, err
}

// Close ends the connection with SCTP, which closes what it has when the peer ends it:
// nobody would hear the end of DTLS after that.
func (w watched) Close() error {
	w.peer.saidGoodbye()
	return w.Conn.Close()
}

// saidGoodbye hears that the peer has closed DTLS.
func (p *peer) saidGoodbye() {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if !closed {
		go func() { _ = p.Close() }()
	}
}

// channelStart begins SCTP, or reads on in its place: somebody has to hear the end.
func (p *peer) channelStart(conn *dtls.Conn) {
	p.mu.Lock()
	c, data := p.chn, p.data
	offered := data != nil && data.theirs != nil
	p.mu.Unlock()
	over := watched{conn, p}
	if c == nil && offered {
		go p.leaveChannels(over)
		return
	}
	if c == nil || data == nil {
		go func() {
			for b := make([]byte, MaxPacket); ; {
				if _, err := over.Read(b); err != nil {
					return
				}
			}
		}()
		return
	}
	go c.run(over)
}

func (c *channel) run(over net.Conn) {
	log := c.peer.mux.cfg.Log
	assoc, err := sctp.ClientWithOptions(sctp.WithNetConn(over), sctp.WithLoggerFactory(log), sctp.WithMTU(sctpMTU),
		sctp.WithMaxMessageSize(longestMessage), sctp.WithMaxReceiveBufferSize(c.peer.mux.cfg.ReceiveBuffer))
	if err != nil {
		log.NewLogger("sctp").Debugf("no association: %v", err)
		return
	}
	// Streams of a DTLS client are even, ours is the other role's (RFC 8832, section 6).
	id := uint16(1)
	c.peer.mu.Lock()
	if c.peer.passive {
		id = 0
	}
	c.peer.mu.Unlock()
	data, err := datachannel.Dial(assoc, id, &datachannel.Config{
		ChannelType: datachannel.ChannelTypeReliable, Priority: datachannel.ChannelPriorityNormal, Label: c.label, LoggerFactory: log,
	})
	c.mu.Lock()
	if err != nil || c.closed {
		c.mu.Unlock()
		_ = assoc.Close()
		return
	}
	c.assoc, c.data = assoc, data
	c.mu.Unlock()
	c.events.Open()
	read(data, func(b []byte) { c.events.Message(slices.Clone(b)) })
	c.mu.Lock()
	c.data = nil
	c.mu.Unlock()
}

// maxForeign is how many data channels of the peer are read. What comes in others stays in
// the association, which takes no more when it is full.
const maxForeign = 16

// leaveChannels accepts the data channels that the peer opens, and takes nothing from them.
func (p *peer) leaveChannels(over net.Conn) {
	cfg := &p.mux.cfg
	assoc, err := sctp.ServerWithOptions(sctp.WithNetConn(over), sctp.WithLoggerFactory(cfg.Log), sctp.WithMTU(sctpMTU),
		sctp.WithMaxMessageSize(longestMessage), sctp.WithMaxReceiveBufferSize(cfg.ReceiveBuffer))
	if err != nil {
		cfg.Log.NewLogger("sctp").Debugf("no association: %v", err)
		return
	}
	for range maxForeign {
		data, err := datachannel.Accept(assoc, &datachannel.Config{LoggerFactory: cfg.Log})
		if err != nil {
			return
		}
		go read(data, func([]byte) {})
	}
}

// read takes messages until the channel ends.
func read(data *datachannel.DataChannel, take func([]byte)) {
	b := make([]byte, firstMessage)
	for {
		n, _, err := data.ReadDataChannel(b)
		switch {
		case errors.Is(err, io.ErrShortBuffer) && len(b) < longestMessage:
			b = make([]byte, 2*len(b))
		case err != nil:
			return
		default:
			take(b[:n])
			if len(b) > firstMessage {
				b = make([]byte, firstMessage) // a long one is rare
			}
		}
	}
}

// channelStop ends SCTP.
func (p *peer) channelStop() {
	p.mu.Lock()
	c := p.chn
	p.mu.Unlock()
	if c == nil {
		return
	}
	c.mu.Lock()
	c.closed = true
	assoc := c.assoc
	c.data = nil
	c.mu.Unlock()
	if assoc != nil {
		go func() { _ = assoc.Close() }() // it ends with DTLS at the latest
	}
}
