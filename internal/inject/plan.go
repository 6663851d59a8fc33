// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// Config is what a Plan needs; all of it may be nil.
type Config struct {
	// Calls are those of every wire, the first one's names being shown where none
	// was asked for. A method that is not among them is refused.
	Calls   []Call
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// Plan is the rules of one server. A nil *Plan has none and can be asked.
type Plan struct {
	calls   []Call
	log     *slog.Logger
	effects *prometheus.CounterVec
	running prometheus.Gauge

	mu     sync.Mutex
	rules  []*rule
	ended  []*rule // within the grace, for Mark
	peers  map[*Peer]struct{}
	closed bool

	active atomic.Pointer[[]*rule] // those that are at work; nil when none is
	recent atomic.Pointer[[]*rule] // these and the ended ones; nil when there are none
}

// Rule is a rule as others see it.
type Rule struct {
	ID          string    `json:"id"`
	Cause       string    `json:"cause,omitempty"` // that it was asked for to bring about
	Fault       string    `json:"fault"`
	At          string    `json:"at"`
	Code        int       `json:"code,omitempty"`
	Room        string    `json:"room"`
	Peer        string    `json:"peer,omitempty"`
	User        string    `json:"user,omitempty"`
	Role        string    `json:"role,omitempty"`
	Method      string    `json:"method,omitempty"`
	Direction   string    `json:"direction,omitempty"`
	Side        string    `json:"side,omitempty"`
	Packets     string    `json:"packets,omitempty"`
	Network     string    `json:"network,omitempty"`
	Skew        string    `json:"skew,omitempty"`
	Delay       string    `json:"delay,omitempty"`
	Rate        int       `json:"rate_kbps,omitempty"`
	Probability float64   `json:"probability,omitempty"`
	Count       int       `json:"count,omitempty"`
	State       string    `json:"state"` // "waiting", "running" or "done"
	Begins      time.Time `json:"begins"`
	Ends        time.Time `json:"ends"`
	Effects     int64     `json:"effects"` // packets, frames and calls it has touched
}

// rule is a rule at work. Its fields do not change but for those under the
// plan's lock and the counters.
type rule struct {
	id     string
	spec   Spec
	kind   *fault.Kind
	mech   Mechanism
	begins time.Time
	ends   time.Time
	again  bool // a once mechanism that repeats on each new socket

	running bool // under Plan.mu, as are the timers
	over    time.Time
	timers  []*time.Timer

	effects atomic.Int64
	touched sync.Map // Who.Room+peer or user -> time.Time of the first effect
	tokens  sync.Map // ids of the tokens of peers that were meant, while they were inside
}

// New returns a plan without rules.
func New(cfg Config) *Plan {
	p := &Plan{
		log: cfg.Log, calls: cfg.Calls, peers: map[*Peer]struct{}{},
		effects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_inject_effects_total", Help: "Calls, frames, connections and packets that were made to fail on purpose.",
		}, []string{"fault", "at"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redial_inject_rules_count", Help: "Injections that are at work now.",
		}),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(p.effects, p.running)
	}
	return p
}

// Add takes a rule in and starts it. It fails as Spec.check does, with
// fault.PeerNotFound for a peer that is not there, with InjectionConflict, and
// with QueueFull when there are too many; then nothing has happened.
func (p *Plan) Add(s Spec) (Rule, error) {
	r, err := p.newRule(s)
	if err != nil {
		return Rule{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.fits(r, p.rules); err != nil {
		return Rule{}, err
	}
	p.rules = append(p.rules, r)
	p.audit("injection added", r, s.By)
	if r.spec.After > 0 {
		r.timers = append(r.timers, time.AfterFunc(r.spec.After, func() { p.begin(r) }))
	} else {
		p.start(r)
	}
	return r.show(), nil
}

// Check tells whether Add would take these rules now, one after the other, and
// what they would be, without taking any. Of the first that it would not take it
// returns the place in the list and the reason.
func (p *Plan) Check(specs []Spec) (rules []Rule, at int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.rules)
	for i, s := range specs {
		r, err := p.newRule(s)
		if err == nil {
			err = p.fits(r, all)
		}
		if err != nil {
			return nil, i, err
		}
		all = append(all, r)
		rules = append(rules, r.show())
	}
	return rules, 0, nil
}

// newRule makes a rule that waits; it fails as Spec.check does.
func (p *Plan) newRule(s Spec) (*rule, error) {
	k, m, err := s.check()
	again := s.For > 0
	if err == nil {
		err = s.name(p.calls)
	}
	if err != nil {
		return nil, err
	}
	if s.For == 0 {
		s.For = m.For
	}
	now := time.Now()
	return &rule{
		id: uuid.NewString(), spec: s, kind: k, mech: m, again: again,
		begins: now.Add(s.After), ends: now.Add(s.After + s.For),
	}, nil
}

// fits refuses a rule that cannot be beside the others; the lock is held.
func (p *Plan) fits(r *rule, others []*rule) error {
	if p.closed {
		return fault.Draining.New()
	}
	if r.spec.Peer != "" {
		if err := p.present(r.spec); err != nil {
			return err
		}
	}
	for _, o := range others {
		if r.collides(o) {
			return fault.InjectionConflict.New("with", o.id, "fault", o.kind.ID, "at", o.spec.At, "place", o.mech.Point)
		}
	}
	if len(others) >= MaxRules {
		return fault.QueueFull.New("limit", "injections", "max", MaxRules)
	}
	return nil
}

// present refuses a peer that is not there; the lock is held.
func (p *Plan) present(s Spec) error {
	here := []string{}
	for x := range p.peers {
		w := x.Who()
		if w.Room != s.Room {
			continue
		}
		if s.Peer == w.Peer || s.Peer == w.Name {
			return nil
		}
		if len(here) < 20 {
			here = append(here, w.Peer+" ("+w.Name+")")
		}
	}
	slices.Sort(here)
	return fault.PeerNotFound.New("field", "peer", "peer", s.Peer, "present", here)
}

func (p *Plan) begin(r *rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.rules, r) {
		p.start(r)
	}
}

// start puts a rule to work; the lock is held.
func (p *Plan) start(r *rule) {
	r.running = true
	p.publish()
	for x := range p.peers {
		x.apply(r)
	}
	if r.mech.once && !r.again {
		p.drop(r, "done", "")
		return
	}
	r.timers = append(r.timers, time.AfterFunc(r.spec.For, func() { p.end(r, "time") }))
}

func (p *Plan) end(r *rule, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(r, why, "")
}

// drop ends a rule; the lock is held. From here on nothing asks it any more.
func (p *Plan) drop(r *rule, why, by string) bool {
	i := slices.Index(p.rules, r)
	if i < 0 {
		return false
	}
	p.rules = slices.Delete(slices.Clone(p.rules), i, i+1)
	for _, t := range r.timers {
		t.Stop()
	}
	r.over = time.Now()
	p.ended = append(p.ended, r)
	p.publish()
	p.log.Info("injection ended", "injection", r.id, "fault", r.kind.ID, "at", r.spec.At, "why", why, "by", by, "effects", r.effects.Load(), "injected", true)
	if !p.closed {
		time.AfterFunc(Grace, func() { p.forget(r) })
	}
	return true
}

func (p *Plan) forget(r *rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = slices.DeleteFunc(slices.Clone(p.ended), func(o *rule) bool { return o == r })
	p.publish()
}

// publish makes the rules known to whoever asks without a lock; the lock is held.
func (p *Plan) publish() {
	var active []*rule
	for _, r := range p.rules {
		if r.running {
			active = append(active, r)
		}
	}
	p.running.Set(float64(len(active)))
	p.active.Store(orNil(active))
	p.recent.Store(orNil(append(slices.Clone(active), p.ended...)))
	for x := range p.peers {
		x.refresh(active)
	}
}

func orNil(list []*rule) *[]*rule {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// Rooms are the rooms with a rule.
func (p *Plan) Rooms() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, r := range p.rules {
		out = append(out, r.spec.Room)
	}
	return out
}

// List returns the rules of the rooms that a caller may see, oldest first.
func (p *Plan) List(mine func(room string) bool) []Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []Rule{}
	for _, r := range p.rules {
		if mine(r.spec.Room) {
			out = append(out, r.show())
		}
	}
	return out
}

// Remove ends rules: one by id, or those of a room, or all that are the
// caller's when both are empty. It returns how many, and fails with
// fault.InjectionNotFound when an id is given and not there.
func (p *Plan) Remove(id, room, by string, mine func(room string) bool) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range slices.Clone(p.rules) {
		if (id == "" || r.id == id) && (room == "" || r.spec.Room == room) && mine(r.spec.Room) {
			p.drop(r, "removed", by)
			n++
		}
	}
	if id != "" && n == 0 {
		return 0, fault.InjectionNotFound.New("id", id)
	}
	return n, nil
}

// Close ends every rule and takes no more.
func (p *Plan) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, r := range slices.Clone(p.rules) {
		p.drop(r, "server stops", "")
	}
}

func (p *Plan) audit(what string, r *rule, by string) {
	p.log.Warn(what, "injection", r.id, "fault", r.kind.ID, "at", r.spec.At, "code", r.spec.Code, "room", r.spec.Room,
		"peer", r.spec.Peer, "user", r.spec.User, "role", r.spec.Role, "begins", r.begins, "ends", r.ends, "by", by, "injected", true)
}

func (r *rule) show() Rule {
	state := "waiting"
	switch {
	case !r.over.IsZero():
		state = "done"
	case r.running:
		state = "running"
	}
	s := &r.spec
	return Rule{
		ID: r.id, Cause: s.Cause, Fault: r.kind.ID, At: s.At, Code: s.Code, Room: s.Room, Peer: s.Peer, User: s.User, Role: s.Role,
		Method: cmp.Or(s.shown, s.Method), Direction: s.Direction, Side: s.Side, Packets: s.Packets, Probability: s.Probability,
		Network: s.Network, Skew: shown(s.Skew), Delay: shown(s.Delay), Rate: s.Rate,
		Count: s.Count, State: state, Begins: r.begins.UTC(), Ends: r.ends.UTC(), Effects: r.effects.Load(),
	}
}

func shown(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// chance throws the dice.
func (r *rule) chance() bool { return r.spec.Probability == 0 || rand.Float64() < r.spec.Probability }

// take notes an effect on a peer, and tells whether it is to happen: the dice
// and the count decide.
func (p *Plan) take(r *rule, w Who) bool {
	if !r.chance() {
		return false
	}
	n := r.effects.Add(1)
	if max := int64(r.spec.Count); max > 0 {
		if n > max {
			r.effects.Add(-1)
			return false
		}
		if n == max {
			go p.end(r, "count")
		}
	}
	p.touch(r, w)
	p.effects.WithLabelValues(r.kind.ID, r.spec.At).Inc()
	return true
}

// touch remembers whom a rule has reached.
func (p *Plan) touch(r *rule, w Who) {
	first := false
	for _, key := range keys(w.Room, w.Peer, w.User) {
		_, before := r.touched.LoadOrStore(key, time.Now())
		first = first || !before
	}
	if first {
		p.log.Info("injection works", "injection", r.id, "fault", r.kind.ID, "at", r.spec.At, "room", w.Room, "peer", w.Peer, "user", w.User, "injected", true)
	}
}

// keys are how a peer is recognised in an event: by its id, or by its user where
// the event has no peer.
func keys(room, peer, user string) []string {
	var out []string
	if peer != "" {
		out = append(out, room+"\x00p"+peer)
	}
	if user != "" {
		out = append(out, room+"\x00u"+user)
	}
	return out
}

// MarkInjected sets Injected on a failure of a peer that a rule has touched, while the
// rule is at work and for Grace afterwards. Failures of capture are the peer's
// own.
func (p *Plan) MarkInjected(e *event.Event) {
	if p == nil {
		return
	}
	rules := p.recent.Load()
	if rules == nil || !e.Type.IsError() || e.Injected && e.Provoked != "" {
		return
	}
	if k := fault.Lookup(e.Fault); k != nil && k.Area == fault.AreaDevice {
		return
	}
	peer, user := e.PeerID, e.UserID
	if peer != "" {
		user = "" // the peer decides: one user may be there twice
	}
	for _, key := range keys(e.RoomID, peer, user) {
		for _, r := range *rules {
			since, ok := r.touched.Load(key)
			if ok && (e.ClientTime.IsZero() || !e.ClientTime.Before(since.(time.Time).Add(-time.Second))) {
				e.Injected, e.Provoked = true, r.spec.Cause
				return
			}
		}
	}
}
