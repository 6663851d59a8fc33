// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// counters are an engine's totals: of events, and of streams that are gone. The
// streams that live are added when they are asked for, so that a packet touches
// no counter that another goroutine writes.
type counters struct {
	packetsIn, bytesIn   atomic.Uint64
	packetsOut, bytesOut atomic.Uint64
	nacks, repeats       atomic.Uint64
	refused              [refusals]atomic.Uint64
	nacksOut             atomic.Uint64
	switches, dropped    atomic.Uint64
	keyframes, asksOut   atomic.Uint64
	asksIn               atomic.Uint64
	badPackets           atomic.Uint64

	states          // of connections nobody tampers with
	injected states // of those whose failures are provoked
}

// states counts what becomes of connections.
type states struct {
	dtlsFailed, restarts atomic.Uint64
	iceStates            [8]atomic.Uint64
}

// of is where a connection is counted now.
func (c *counters) of(one *conn) *states {
	if one.impairment != nil && tampered(one.impairment, one.tcpImpairment) {
		return &c.injected
	}
	return &c.states
}

func (c *states) ice(s webrtc.ICEConnectionState) {
	if int(s) >= 0 && int(s) < len(c.iceStates) {
		c.iceStates[s].Add(1)
	}
}

func (c *counters) addLayer(l *upstream) {
	c.packetsIn.Add(l.packets.Load())
	c.bytesIn.Add(l.bytes.Load())
	c.keyframes.Add(l.keyframes.Load())
	c.asksOut.Add(l.asks.Load())
	c.nacksOut.Add(l.nacks.Load())
}

func (c *counters) addDownTracks(list []*DownTrack) {
	for _, d := range list {
		c.packetsOut.Add(d.packets.Load())
		c.bytesOut.Add(d.bytes.Load())
		c.nacks.Add(d.rtx.asked.Load())
		c.repeats.Add(d.rtx.repeated.Load())
		for why := range c.refused {
			c.refused[why].Add(d.rtx.refused[why].Load())
		}
		c.switches.Add(d.switches.Load())
		c.dropped.Add(d.dropped.Load())
		c.asksIn.Add(d.asks.Load())
	}
}

// collector reads an engine for Prometheus.
type collector struct{ e *Engine }

var (
	dir       = []string{"direction"}
	provoked  = []string{"injected"} // "true": by a fault that is provoked on purpose
	mConns    = prometheus.NewDesc("redial_sfu_connections", "Media connections that exist.", []string{"kind"}, nil)
	mPackets  = prometheus.NewDesc("redial_sfu_packets_total", "RTP packets received and forwarded.", dir, nil)
	mBytes    = prometheus.NewDesc("redial_sfu_bytes_total", "Bytes of RTP received and forwarded.", dir, nil)
	mNacks    = prometheus.NewDesc("redial_sfu_nacked_packets_total", "Packets that subscribers asked for again, and that we asked publishers for.", dir, nil)
	mRepeats  = prometheus.NewDesc("redial_sfu_repeated_packets_total", "Packets that were sent again.", nil, nil)
	mRefused  = prometheus.NewDesc("redial_sfu_repeats_refused_total", "Requests for lost packets that were not answered: sent again often enough (limit), a round trip has not passed since (early), the last repeat has arrived (arrived), too much at once (budget), on a path that loses much a later key frame needs it no more (past).", []string{"reason"}, nil)
	mAsks     = prometheus.NewDesc("redial_sfu_keyframe_requests_total", "PLI and FIR received from subscribers and sent to publishers.", dir, nil)
	mKeys     = prometheus.NewDesc("redial_sfu_keyframes_total", "Key frames received from publishers.", nil, nil)
	mSwitches = prometheus.NewDesc("redial_sfu_layer_switches_total", "Changes from one layer of a video to another.", nil, nil)
	mDropped  = prometheus.NewDesc("redial_sfu_dropped_packets_total", "Packets that could not be sent.", nil, nil)
	mBad      = prometheus.NewDesc("redial_sfu_invalid_packets_total", "RTP and RTCP packets that made no sense.", nil, nil)
	mICE      = prometheus.NewDesc("redial_sfu_ice_states_total", "ICE connection states entered.", []string{"state", "injected"}, nil)
	mDTLS     = prometheus.NewDesc("redial_sfu_dtls_failures_total", "DTLS handshakes that failed.", provoked, nil)
	mUnproven = prometheus.NewDesc("redial_sfu_unproven_dropped_total", "Packets not sent, or not taken, because the address had not proved that it hears us.", nil, nil)
	mSTUN     = prometheus.NewDesc("redial_sfu_stun_requests_total", "Binding requests to a STUN server on the media port, by outcome: answered, or held_back by a limit.", []string{"outcome"}, nil)
	mProbed   = prometheus.NewDesc("redial_sfu_probe_sent_timestamp_seconds", "When a packet of our own was last sent to an address that peers are told.", []string{"protocol", "address"}, nil)
	mAnswered = prometheus.NewDesc("redial_sfu_probe_answered_timestamp_seconds", "When one last arrived, which takes a router that lets this machine reach itself; 0: none has.", []string{"protocol", "address"}, nil)
	mCalls    = prometheus.NewDesc("redial_sfu_socket_calls_total", "System calls of our own transport that read packets from UDP sockets, and that sent them in batches.", []string{"direction", "address"}, nil)
	mCarried  = prometheus.NewDesc("redial_sfu_socket_packets_total", "Packets, of all kinds, that these system calls carried.", []string{"direction", "address"}, nil)
	mRestarts = prometheus.NewDesc("redial_sfu_ice_restarts_total", "ICE restarts offered to subscribers.", provoked, nil)
)

// Describe lists the metrics.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		mConns, mPackets, mBytes, mNacks, mRepeats, mRefused, mAsks, mKeys, mSwitches, mDropped, mBad, mICE, mDTLS, mRestarts, mUnproven, mSTUN, mProbed, mAnswered, mCalls, mCarried,
	} {
		ch <- d
	}
}

// Collect adds up the engine's totals and what lives now.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	e := c.e
	var t counters
	e.mu.Lock()
	pubs, subs := len(e.pubs), len(e.subs)
	for p := range e.pubs {
		for _, track := range p.Tracks() {
			for i := range track.layers {
				if l := track.layers[i].Load(); l != nil {
					t.addLayer(l)
				}
			}
		}
	}
	for s := range e.subs {
		t.addDownTracks(s.list())
	}
	e.mu.Unlock()
	count := func(d *prometheus.Desc, live, gone *atomic.Uint64, labels ...string) {
		v := float64(gone.Load())
		if live != nil {
			v += float64(live.Load())
		}
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	ch <- prometheus.MustNewConstMetric(mConns, prometheus.GaugeValue, float64(pubs), "publish")
	ch <- prometheus.MustNewConstMetric(mConns, prometheus.GaugeValue, float64(subs), "subscribe")
	g := &e.totals
	count(mPackets, &t.packetsIn, &g.packetsIn, "in")
	count(mPackets, &t.packetsOut, &g.packetsOut, "out")
	count(mBytes, &t.bytesIn, &g.bytesIn, "in")
	count(mBytes, &t.bytesOut, &g.bytesOut, "out")
	count(mNacks, &t.nacks, &g.nacks, "in")
	count(mNacks, &t.nacksOut, &g.nacksOut, "out")
	count(mRepeats, &t.repeats, &g.repeats)
	for why, name := range refusalNames {
		count(mRefused, &t.refused[why], &g.refused[why], name)
	}
	count(mAsks, &t.asksIn, &g.asksIn, "in")
	count(mAsks, &t.asksOut, &g.asksOut, "out")
	count(mKeys, &t.keyframes, &g.keyframes)
	count(mSwitches, &t.switches, &g.switches)
	for _, s := range e.socks.udp.socks {
		t.dropped.Add(s.sock.Lost.Load())
	}
	count(mDropped, &t.dropped, &g.dropped)
	count(mBad, nil, &g.badPackets)
	count(mUnproven, nil, &e.hammer.dropped)
	if e.stun != nil {
		count(mSTUN, nil, &e.stun.sent, "answered")
		count(mSTUN, nil, &e.stun.held, "held_back")
	}
	if e.mux != nil {
		for _, s := range e.socks.udp.socks {
			addr := s.addr.String()
			for way, n := range map[string]*transport.Tally{"in": &s.sock.Read, "out": &s.sock.Sent} {
				count(mCalls, nil, &n.Calls, way, addr)
				count(mCarried, nil, &n.Packets, way, addr)
			}
		}
	}
	for _, t := range e.probes.told {
		if probed, answered := e.probes.seen(t); !probed.IsZero() {
			for d, at := range map[*prometheus.Desc]time.Time{mProbed: probed, mAnswered: answered} {
				ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, seconds(at), t.protocol(), t.to.Addr().String())
			}
		}
	}
	for label, of := range map[string]*states{"false": &g.states, "true": &g.injected} {
		count(mDTLS, nil, &of.dtlsFailed, label)
		count(mRestarts, nil, &of.restarts, label)
		for s := range of.iceStates {
			state := webrtc.ICEConnectionState(s)
			if state != webrtc.ICEConnectionStateUnknown {
				count(mICE, nil, &of.iceStates[s], state.String(), label)
			}
		}
	}
}

// seconds is a time as Prometheus has it, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
