// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/token"
)

const benchHelp = `Loads a server with clients of this process and measures what they get. ADDRESS
is that of a server, such as http://127.0.0.1:8080, with a key to sign tokens
(-key, -key-file, -config or REDIAL_KEYS; "redial dev -data DIR" keeps its key in
DIR/dev.keys), or a link with a room code to use that one room.

Publishers and subscribers are spread evenly over the rooms; every subscriber
receives every track of its room. Clients join during the ramp, and the numbers
of media are taken from the end of the ramp on. Results are one JSON object on
standard output, progress goes to standard error.

A server lets in so many clients a second from one address (limits.joins_per_second,
20 unless configured), and a bench is one address. Without -ramp clients come at
15 a second; those that are put off all the same wait and try again, which is
counted in joins_put_off and not in join_ms. Raise the limit on the server to
measure how fast it takes clients in.`

// benchResult is what bench prints.
type benchResult struct {
	Publishers  int     `json:"publishers"`
	Subscribers int     `json:"subscribers"`
	Rooms       int     `json:"rooms"`
	Simulcast   bool    `json:"simulcast"`
	Audio       bool    `json:"audio"`
	Video       bool    `json:"video"`
	Seconds     float64 `json:"measured_seconds"`
	Tracks      int     `json:"tracks_received"` // by all subscribers together
	Silent      int     `json:"tracks_without_media"`
	Joined      int     `json:"joined"`
	PutOff      int     `json:"joins_put_off"` // by the server's limit of joins from one address, and tried again

	JoinMs  spread `json:"join_ms"`        // of every client: Join called to Join returned
	MediaMs spread `json:"first_media_ms"` // of every track received: announced, or joined, to its first packet
	Jitter  spread `json:"jitter_ms"`      // of every track received

	PacketsSent     uint64         `json:"packets_sent"`
	PacketsReceived uint64         `json:"packets_received"`
	PacketsLost     uint64         `json:"packets_lost"`
	LossPercent     float64        `json:"loss_percent"`
	PacketsPerSec   float64        `json:"packets_received_per_second"`
	Reconnects      int            `json:"reconnects"`
	Errors          map[string]int `json:"errors"` // by fault

	Server *processUse `json:"server,omitempty"`
	Client processUse  `json:"client"`
}

// processUse is what a process took while media was measured.
type processUse struct {
	PID         int     `json:"pid"`
	CPUPercent  float64 `json:"cpu_percent"` // 100 is one processor
	USPerPacket float64 `json:"cpu_us_per_packet_received,omitempty"`
	RSSMiB      float64 `json:"rss_mib"` // at the end
}

// spread is how values lie.
type spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

func spreadOf(values []float64) spread {
	s := spread{Count: len(values)}
	if len(values) == 0 {
		return s
	}
	slices.Sort(values)
	at := func(q float64) float64 { return round(values[min(int(q*float64(len(values))), len(values)-1)]) }
	s.P50, s.P95, s.P99, s.Max = at(.5), at(.95), at(.99), round(values[len(values)-1])
	return s
}

func round(f float64) float64 { return float64(int64(f*100+0.5)) / 100 }

func runBench(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "bench [flags] ADDRESS", benchHelp)
	var (
		pubs      = f.Int("publishers", 2, "`N` clients that send")
		subs      = f.Int("subscribers", 4, "`N` clients that receive")
		rooms     = f.Int("rooms", 1, "spread them over `N` rooms")
		ramp      = f.Duration("ramp", -1, "let them join within this time (default as the server's usual limit allows, 15 a second)")
		lasts     = f.Duration("duration", 10*time.Second, "measure media this long after the ramp")
		simulcast = f.Bool("simulcast", false, "send three sizes of the picture")
		audioOnly = f.Bool("audio-only", false, "send sound only, which is frames of silence")
		videoOnly = f.Bool("video-only", false, "send the picture only")
		layer     = f.String("layer", "high", "`LAYER` the subscribers ask for")
		pid       = f.Int("pid", 0, "process `ID` of the server, to measure its use of processor and memory")
		key       = f.String("key", "", "sign with this key, `ACCESS:SECRET`")
		keyFile   = f.String("key-file", "", "sign with the first key of this `FILE`")
		cfgFile   = f.String("config", "", "sign with the first key of this configuration `FILE`")
		quiet     = f.Bool("quiet", false, "no progress line")
	)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	if *pubs < 0 || *subs < 0 || *pubs+*subs == 0 || *rooms < 1 || *audioOnly && *videoOnly {
		return usagef("nothing to do: -publishers and -subscribers are 0 or less, -rooms is below 1, or neither sound nor picture is left")
	}
	w, err := parseLink(rest[0])
	if err != nil {
		return err
	}
	if err := checkLayer(*layer); err != nil {
		return err
	}
	if *ramp < 0 {
		*ramp = time.Duration(*pubs+*subs) * time.Second / joinsPerSecond
	}
	b := &bench{
		endpoint: w.endpoint, audio: !*videoOnly, video: !*audioOnly, simulcast: *simulcast, layer: client.Layer(*layer),
		errors: map[string]int{}, code: w.code,
	}
	if w.code == "" {
		k, err := signingKey(e, *key, *keyFile, *cfgFile, "")
		if err != nil {
			return err
		}
		b.key = token.Key{Access: k.Access, Secret: k.Secret}
		if err := b.makeRooms(ctx, *rooms); err != nil {
			return err
		}
	} else if *rooms != 1 {
		return usagef("a link is one room; leave out -rooms")
	}
	if *pid != 0 {
		if _, err := usedBy(*pid); err != nil {
			return fmt.Errorf("process %d cannot be measured: %w", *pid, err)
		}
	}
	r := b.run(ctx, e, *pubs, *subs, *rooms, *ramp, *lasts, *pid, *quiet)
	out := json.NewEncoder(e.stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(r); err != nil {
		return err
	}
	if r.Joined < *pubs+*subs {
		return fmt.Errorf("%d of %d clients could not join", *pubs+*subs-r.Joined, *pubs+*subs)
	}
	return nil
}

// joinsPerSecond is the pace of joining, a little below limits.joins_per_second
// as it is unless configured.
const joinsPerSecond = 15

// How long a client that the server puts off waits before it tries again the
// first time, and how long it does in all.
const (
	putOffPause = time.Second
	putOffMost  = time.Minute
)

// bench is one run.
type bench struct {
	endpoint, code string
	key            token.Key
	rooms          []string
	audio, video   bool
	simulcast      bool
	layer          client.Layer

	joined atomic.Int64
	putOff atomic.Int64

	mu     sync.Mutex
	errors map[string]int
	joins  []float64 // ms
	list   []*benchClient
}

// benchClient is one client of the run.
type benchClient struct {
	room   *client.Room
	mu     sync.Mutex
	tracks map[string]*heardTrack
}

// heardTrack is a track as one subscriber knows it.
type heardTrack struct {
	t     *client.RemoteTrack
	since time.Time
}

// makeRooms makes the rooms anew, so that runs do not meet.
func (b *bench) makeRooms(ctx context.Context, n int) error {
	management, err := token.Mint(b.key, token.Claims{Type: token.Management, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		return err
	}
	for i := range n {
		body, _ := json.Marshal(map[string]string{"name": fmt.Sprintf("bench-%d-%d", time.Now().UnixNano(), i)})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.endpoint+"/v2/rooms", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+management)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return fault.EndpointUnreachable.Wrap(err)
		}
		raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		_ = res.Body.Close()
		var made struct {
			ID string `json:"id"`
		}
		if err != nil || res.StatusCode >= 300 || json.Unmarshal(raw, &made) != nil || made.ID == "" {
			return fmt.Errorf("making a room: %s: %s", res.Status, strings.TrimSpace(string(raw)))
		}
		b.rooms = append(b.rooms, made.ID)
	}
	return nil
}

func (b *bench) config(i int, role string) (client.Config, error) {
	c := client.Config{
		Endpoint: b.endpoint, Name: fmt.Sprintf("bench %s %d", role, i), JoinTimeout: 30 * time.Second,
		RoomCode: b.code, Agent: map[string]string{"framework": "redial-bench"},
	}
	if b.code != "" {
		return c, nil
	}
	var err error
	c.Token, err = token.Mint(b.key, token.Claims{
		Type: token.App, RoomID: b.rooms[i%len(b.rooms)], Role: role, UserID: fmt.Sprintf("bench-%s-%d", role, i),
		ExpiresAt: time.Now().Add(time.Hour),
	})
	return c, err
}

func (b *bench) failed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors[client.Describe(err).Fault]++
}

// join brings one client in.
func (b *bench) join(ctx context.Context, i int, publishes bool) {
	role := "host" // receives, and would be allowed to send
	if publishes {
		role = "guest"
	}
	cfg, err := b.config(i, role)
	if err != nil {
		b.failed(err)
		return
	}
	c := &benchClient{tracks: map[string]*heardTrack{}}
	cfg.Listener.OnError = func(f *fault.Error) { b.failed(f) }
	if !publishes {
		cfg.AutoSubscribe = b.layer
		cfg.Listener.OnTrack = func(t *client.RemoteTrack) {
			c.mu.Lock()
			c.tracks[t.ID()] = &heardTrack{t, time.Now()}
			c.mu.Unlock()
		}
	}
	var began time.Time
	tries := 0
	for first := time.Now(); ; {
		began = time.Now()
		if c.room, err = client.Join(ctx, cfg); err == nil {
			break
		}
		if !errors.Is(err, fault.RateLimited) || time.Since(first) > putOffMost || ctx.Err() != nil {
			b.failed(err)
			return
		}
		if tries == 0 {
			b.putOff.Add(1)
		}
		tries++
		select {
		case <-time.After(putOffPause/2 + rand.N(putOffPause*time.Duration(min(tries, 5)))):
		case <-ctx.Done():
		}
	}
	b.joined.Add(1)
	b.mu.Lock()
	b.joins = append(b.joins, ms(time.Since(began)))
	b.list = append(b.list, c)
	b.mu.Unlock()
	if !publishes {
		return
	}
	if b.audio {
		if _, err := c.room.Publish(ctx, client.Tone()); err != nil {
			b.failed(err)
		}
	}
	if b.video {
		t, opts := client.Pattern(), []client.PublishOption(nil)
		if b.simulcast {
			var layers client.PublishOption
			t, layers = client.SimulcastPattern()
			opts = append(opts, layers)
		}
		if _, err := c.room.Publish(ctx, t, opts...); err != nil {
			b.failed(err)
		}
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (b *bench) run(ctx context.Context, e *env, pubs, subs, rooms int, ramp, lasts time.Duration, pid int, quiet bool) benchResult {
	n := pubs + subs
	show := newBenchProgress(b, e, n, quiet)
	show.phase("joining", ramp)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			wait := time.NewTimer(ramp * time.Duration(i) / time.Duration(n))
			defer wait.Stop()
			select {
			case <-wait.C:
				b.join(ctx, i, i < pubs)
			case <-ctx.Done():
			}
		})
	}
	all.Wait()

	server, _ := usedBy(pid)
	self, _ := usedBy(os.Getpid())
	sentBefore, gotBefore, lostBefore := b.packets()
	show.phase("measuring", lasts)
	began := time.Now()
	wait := time.NewTimer(lasts)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	took := time.Since(began)
	sent, got, lost := b.packets()
	serverAfter, err := usedBy(pid)
	selfAfter, _ := usedBy(os.Getpid())
	show.phase("leaving", 0)

	r := benchResult{
		Publishers: pubs, Subscribers: subs, Rooms: rooms, Simulcast: b.simulcast, Audio: b.audio, Video: b.video,
		Seconds: round(took.Seconds()), Joined: int(b.joined.Load()), PutOff: int(b.putOff.Load()), JoinMs: spreadOf(b.joins), Errors: b.errors,
		PacketsSent: sent - sentBefore, PacketsReceived: got - gotBefore, PacketsLost: lost - min(lost, lostBefore),
	}
	if total := r.PacketsReceived + r.PacketsLost; total > 0 {
		r.LossPercent = round(100 * float64(r.PacketsLost) / float64(total))
	}
	r.PacketsPerSec = round(float64(r.PacketsReceived) / took.Seconds())
	var first, jitter []float64
	for _, c := range b.list {
		r.Reconnects += c.room.Stats().Reconnects
		c.mu.Lock()
		for _, h := range c.tracks {
			s := h.t.Stats()
			r.Tracks++
			if s.FirstAt.IsZero() {
				r.Silent++
				continue
			}
			first = append(first, max(0, ms(s.FirstAt.Sub(h.since))))
			jitter = append(jitter, ms(s.Jitter))
		}
		c.mu.Unlock()
	}
	r.MediaMs, r.Jitter = spreadOf(first), spreadOf(jitter)
	if pid != 0 && err == nil {
		use := serverAfter.since(server, took, r.PacketsReceived)
		use.PID = pid
		r.Server = &use
	}
	r.Client = selfAfter.since(self, took, 0)
	r.Client.PID = os.Getpid()

	var leaving sync.WaitGroup
	for _, c := range b.list {
		leaving.Go(c.room.Leave)
	}
	leaving.Wait()
	show.end()
	return r
}

// benchProgress is the line that tells how far a run is.
type benchProgress struct {
	b     *bench
	w     io.Writer // nil: nobody looks
	n     int
	mu    sync.Mutex
	what  string
	since time.Time
	lasts time.Duration
	stop  chan struct{}
	wg    sync.WaitGroup
}

func newBenchProgress(b *bench, e *env, n int, quiet bool) *benchProgress {
	p := &benchProgress{b: b, n: n, stop: make(chan struct{})}
	if quiet {
		return p
	}
	p.w = e.stderr
	p.wg.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				p.draw()
			}
		}
	})
	return p
}

func (p *benchProgress) phase(what string, lasts time.Duration) {
	p.mu.Lock()
	p.what, p.since, p.lasts = what, time.Now(), lasts
	p.mu.Unlock()
	p.draw()
}

func (p *benchProgress) draw() {
	if p.w == nil {
		return
	}
	sent, got, lost := p.b.packets()
	p.b.mu.Lock()
	failed := 0
	for _, n := range p.b.errors {
		failed += n
	}
	p.b.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.what
	if p.lasts > 0 {
		line += fmt.Sprintf(" %.0f of %.0f s", min(time.Since(p.since), p.lasts).Seconds(), p.lasts.Seconds())
	}
	line += fmt.Sprintf(": %d of %d in, %d sent, %d received, %d lost", p.b.joined.Load(), p.n, sent, got, lost)
	if off := p.b.putOff.Load(); off > 0 {
		line += fmt.Sprintf(", %d put off", off)
	}
	if failed > 0 {
		line += fmt.Sprintf(", %d errors", failed)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", line)
}

func (p *benchProgress) end() {
	close(p.stop)
	p.wg.Wait()
	if p.w == nil {
		return
	}
	fmt.Fprintln(p.w)
	if off := p.b.putOff.Load(); off > 0 {
		fmt.Fprintf(p.w, "The server put off %d clients, since this is one address (limits.joins_per_second); they came in later. Choose a longer -ramp, or raise the limit.\n", off)
	}
}

// packets sums what was sent, received and lost by all clients so far.
func (b *bench) packets() (sent, got, lost uint64) {
	b.mu.Lock()
	list := slices.Clone(b.list)
	b.mu.Unlock()
	for _, c := range list {
		for _, p := range c.room.Publications() {
			sent += p.PacketsSent()
		}
		c.mu.Lock()
		for _, h := range c.tracks {
			s := h.t.Stats()
			got += s.Packets
			lost += s.Lost
		}
		c.mu.Unlock()
	}
	return sent, got, lost
}

// use is what a process has used so far.
type use struct {
	cpu time.Duration
	rss float64 // MiB
}

// clockTick is USER_HZ, which is 100 on every Linux that Go runs on (proc(5)).
const clockTick = 10 * time.Millisecond

// usedBy reads /proc (proc(5)); it fails where there is none.
func usedBy(pid int) (use, error) {
	var u use
	if pid == 0 {
		return u, nil
	}
	if runtime.GOOS != "linux" {
		return u, fmt.Errorf("only Linux has /proc")
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	// The second field is the name in brackets, which may hold anything.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 22 {
		return u, fmt.Errorf("/proc/%d/stat cannot be read", pid)
	}
	for _, f := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return u, err
		}
		u.cpu += time.Duration(n) * clockTick
	}
	pages, err := strconv.ParseInt(fields[21], 10, 64)
	if err != nil {
		return u, err
	}
	u.rss = float64(pages) * float64(os.Getpagesize()) / (1 << 20)
	return u, nil
}

func (u use) since(before use, took time.Duration, packets uint64) processUse {
	cpu := u.cpu - before.cpu
	p := processUse{CPUPercent: round(100 * cpu.Seconds() / took.Seconds()), RSSMiB: round(u.rss)}
	if packets > 0 {
		p.USPerPacket = round(float64(cpu.Microseconds()) / float64(packets))
	}
	return p
}
