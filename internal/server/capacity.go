// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"cmp"
	"math"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/config"
)

// Sizes of a node whose settings leave them to the machine.
const (
	peersPerCPU  = 1000
	tracksPerCPU = 2000
	memoryShare  = 0.8
)

// retryAfter is when somebody refused may ask again.
const retryAfter = 5 * time.Second

// capacity tells whether this node can take newcomers without hurting those who
// are on it.
type capacity struct {
	limits []nodeLimit
	busy   atomic.Uint64 // smoothed share of the processors this process uses, as bits of a float64, in percent
	tired  atomic.Bool   // too large a share; see rested
	done   chan struct{}
}

// nodeLimit is one thing a node has only so much of.
type nodeLimit struct {
	setting string
	most    float64
	used    func() float64
	over    func() bool // nil: whenever used reaches most
}

func (n nodeLimit) reached(used float64) bool {
	if n.over != nil {
		return n.over()
	}
	return used >= n.most
}

// processorTime is how many seconds of processor time the process has used; tests
// put their own in.
var processorTime = cpuSeconds

// newCapacity watches the limits of a configuration; what is 0 there is taken
// from the machine, or from the control group the process runs in.
func newCapacity(l config.Limits, peers, tracks func() int, reg prometheus.Registerer) *capacity {
	c := &capacity{done: make(chan struct{})}
	add := func(setting string, most float64, used func() float64) {
		if most > 0 {
			c.limits = append(c.limits, nodeLimit{setting: setting, most: most, used: used})
		}
	}
	add("limits.peers", float64(nodePeers(l)), func() float64 { return float64(peers()) })
	add("limits.tracks", float64(nodeTracks(l)), func() float64 { return float64(tracks()) })
	add("limits.memory_bytes", cmp.Or(float64(l.MemoryBytes), memoryShare*memoryGiven()), memoryUsed)
	if l.CPUPercent > 0 {
		c.limits = append(c.limits, nodeLimit{"limits.cpu_percent", float64(l.CPUPercent), c.cpuPercent, c.tired.Load})
		go c.watchCPU(processorTime, background.Processors(), float64(l.CPUPercent)) // which heeds the control group's share
	}
	used := prometheus.NewDesc("redial_node_used_ratio", "What the node uses of what it may, by setting. At 1 newcomers are refused.", []string{"limit"}, nil)
	over := prometheus.NewDesc("redial_node_overloaded", "1 while newcomers are refused because of a limit of the node, by setting.", []string{"limit"}, nil)
	reg.MustRegister(collect{[]*prometheus.Desc{used, over}, func(ch chan<- prometheus.Metric) {
		for _, n := range c.limits {
			u := n.used()
			full := 0.0
			if n.reached(u) {
				full = 1
			}
			ch <- prometheus.MustNewConstMetric(used, prometheus.GaugeValue, u/n.most, n.setting)
			ch <- prometheus.MustNewConstMetric(over, prometheus.GaugeValue, full, n.setting)
		}
	}})
	return c
}

func nodePeers(l config.Limits) int {
	return cmp.Or(l.Peers, peersPerCPU*background.Processors())
}

func nodeTracks(l config.Limits) int {
	return cmp.Or(l.Tracks, tracksPerCPU*background.Processors())
}

// full is why nobody new may come in, fault.Overloaded, or nil.
func (c *capacity) full() error {
	for _, n := range c.limits {
		if u := n.used(); n.reached(u) {
			return fault.Overloaded.New("limit", n.setting, "max", int64(n.most), "used", int64(u), "retry_after_seconds", int64(retryAfter/time.Second))
		}
	}
	return nil
}

func (c *capacity) close() { close(c.done) }

const (
	// cpuSmoothing is how much of a second's load goes into the average: a burst of
	// a second or two keeps nobody out.
	cpuSmoothing = 0.2
	// rested is the part of its limit that the share of the processors has to fall
	// below before newcomers are taken again: a load that stays about the limit
	// does not let in one and refuse the next.
	rested = 0.9
)

func (c *capacity) cpuPercent() float64 { return math.Float64frombits(c.busy.Load()) }

// watchCPU follows the share of so many processors that the process uses, by its
// processor time in seconds.
func (c *capacity) watchCPU(seconds func() float64, cpus int, most float64) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	at, was := time.Now(), seconds()
	for {
		select {
		case <-c.done:
			return
		case now := <-every.C:
			is := seconds()
			percent := 100 * (is - was) / now.Sub(at).Seconds() / float64(cpus)
			at, was = now, is
			busy := c.cpuPercent()
			busy += cpuSmoothing * (percent - busy)
			c.busy.Store(math.Float64bits(busy))
			c.tired.Store(busy >= most || c.tired.Load() && busy >= rested*most)
		}
	}
}

// cpuSeconds is the processor time this process has used, from proc(5); 0 where
// there is none.
func cpuSeconds() float64 {
	const ticks = 100 // USER_HZ, the same on every architecture this runs on
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticks
}

// memoryUsed is what the process holds of the system's memory.
func memoryUsed() float64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()) - float64(s[1].Value.Uint64())
}

// memoryGiven is what the process may have: of the machine, or of its control
// group (cgroups(7), version 2) if that is less. 0: not known.
func memoryGiven() float64 {
	given := 0.0
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		if fields := strings.Fields(string(b)); len(fields) > 1 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			given = kib * 1024
		}
	}
	own, _ := os.ReadFile("/proc/self/cgroup")
	_, path, _ := strings.Cut(strings.TrimSpace(string(own)), "0::")
	for dir := filepath.Join("/", path); ; dir = filepath.Dir(dir) {
		if b, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", dir, "memory.max")); err == nil {
			if n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64); err == nil && (given == 0 || n < given) {
				given = n
			}
		}
		if dir == "/" {
			return given
		}
	}
}
