// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/accept"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/ask"
	"github.com/redial-rtc/redial/internal/cert"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/intake"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/live"
	"github.com/redial-rtc/redial/internal/opentok"
	"github.com/redial-rtc/redial/internal/pages"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/registry/journal"
	"github.com/redial-rtc/redial/internal/repro"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sceenic"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/sink"
	"github.com/redial-rtc/redial/internal/skew"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/verdict"
	"github.com/redial-rtc/redial/internal/vitals"
	"github.com/redial-rtc/redial/internal/wire/hms"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Server is everything, running.
type Server struct {
	cfg          config.Config
	log          *slog.Logger
	metrics      *prometheus.Registry
	registry     *registry.Registry
	participants *participant.Service
	rooms        *room.Hub
	health       *health
	watch        *sceenic.Service  // nil without sceenic.key
	openTok      *opentok.Service  // nil without opentok.enabled
	projects     *opentok.Projects // nil without opentok.enabled
	console      *consoleDoor      // nil without console.enabled
	rest         *api.API
	web          *web
	cert         cert.Source // nil without TLS
	relays       *relays
	acme         *cert.ACME   // that is cert, where an authority issues it
	plain        net.Listener // http.redirect_address; nil for none
	loops        *accept.Loops
	address      net.Addr
	failed       chan error // a listener ended by itself

	closers []closer // in the order of opening
}

// closer undoes one step of starting.
type closer struct {
	what  string
	close func(context.Context) error
}

// Options are what only a caller inside the program can give.
type Options struct {
	Listener net.Listener // used instead of opening http.address; the server closes it
	Console  net.Listener // the same of console.listen
	Log      *LogWriter   // what the logger writes to, for the metric of what it dropped; nil: none

	// Now is the clock that the times of tokens are compared with; nil: time.Now.
	Now func() time.Time

	// Grace is how long peers of an earlier process may come back; 0 is
	// registry.Grace.
	Grace time.Duration
}

// Start builds everything from a checked configuration and serves. It fails
// with fault.ConfigInvalid, fault.ListenFailed, fault.AdvertisedAddress,
// fault.DataDirBusy or fault.StoreUnavailable, having closed what it opened.
func Start(ctx context.Context, cfg config.Config, log *slog.Logger, opt Options) (_ *Server, err error) {
	s := &Server{cfg: cfg, log: log, failed: make(chan error, 2)}
	defer func() {
		if err != nil {
			s.closeAll(context.WithoutCancel(ctx))
		}
	}()
	metrics := newMetrics()
	s.metrics = metrics
	s.loops = accept.New(log, metrics)
	if opt.Log != nil {
		metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "redial_log_dropped_total", Help: "Lines of the log dropped because nobody read them.",
		}, func() float64 { return float64(opt.Log.Dropped()) }))
	}

	// What listens comes first: a taken port is the likeliest mistake.
	listener := opt.Listener
	if listener == nil {
		if listener, err = listen(ctx, "http.address", cfg.HTTP.Address); err != nil {
			return nil, err
		}
	}
	s.address = listener.Addr()
	listener = s.loops.Listener("http.address", listener)
	s.onClose("http listener", func(context.Context) error { return ignoreClosed(listener.Close()) })
	if err := s.openTLS(ctx, metrics); err != nil {
		return nil, err
	}

	// What survives a restart.
	if err := os.MkdirAll(cfg.Data.Dir, 0o700); err != nil {
		return nil, datafile.Fault(cfg.Data.Dir, err)
	}
	measureSpace(cfg.Data.Dir, metrics)
	var recorder *event.Recorder
	recording := make(chan struct{}) // closed when there is a recorder
	if s.registry, err = registry.OpenWith(ctx, cfg.Data.Dir, log.With("part", "registry"), registry.Options{
		Grace: opt.Grace,
		Abandoned: func(ctx context.Context, peers []registry.Abandoned) error {
			select {
			case <-recording:
				return recordAbandoned(ctx, recorder, peers)
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}); err != nil {
		return nil, err
	}
	s.onClose("registry", func(context.Context) error { return s.registry.Close() })
	if s.console, err = s.openConsole(ctx, opt); err != nil {
		return nil, err
	}
	if err := annotateStart(ctx, s.registry.Operations(), &cfg, version()); err != nil {
		log.Warn("it is not kept that the server was started", "err", err)
	}
	store, err := openEvents(ctx, cfg.Events.Store, cfg, log.With("part", "events"), metrics)
	if err != nil {
		return nil, err
	}
	s.onClose("event store", func(context.Context) error { return store.Close() })
	arrived, err := intake.Open(ctx, cfg.Data.Dir, log.With("part", "events"))
	if err != nil {
		return nil, err
	}
	s.onClose("intake", func(context.Context) error { return arrived.Close() })
	// Nobody is asked about provoked faults on a server that provokes none.
	var plan *inject.Plan
	if cfg.Inject.Enabled {
		plan = inject.New(inject.Config{Calls: slices.Concat(hms.Calls(), kurento.Calls()), Log: log.With("part", "inject"), Metrics: metrics})
		s.onClose("injections", func(context.Context) error { plan.Close(); return nil })
		log.Warn("faults may be provoked on this server", "setting", "inject.enabled")
	}
	recorder = event.NewRecorder(store, event.RecorderConfig{
		Log: log.With("part", "events"), Metrics: metrics, Account: cfg.Access.AccountID,
		Queue: cfg.Events.Queue, KeepAddresses: cfg.Events.KeepAddresses,
		Retention: cfg.Events.Retention, Retentions: keepTests(s.registry.Retentions), MaxBytes: maxEventBytes(cfg.Events), Quotas: eventQuotas(cfg.Events.Quotas),
		MarkInjected: markTests(plan), Intake: arrived,
	})
	s.onClose("events", recorder.Close)
	close(recording)
	if s.projects, err = s.openProjects(); err != nil {
		return nil, err
	}
	sinks, err := startSinks(ctx, cfg, s.projects, recorder, log.With("part", "sinks"), metrics)
	if err != nil {
		return nil, err
	}
	s.onClose("sinks", sinks.Close)
	verdicts := verdict.Start(verdict.Config{Events: recorder, Log: log.With("part", "verdicts"), Metrics: metrics})
	s.onClose("verdicts", verdicts.Close)

	// Media.
	addresses, err := addressHasher(cfg.Data.Dir)
	if err != nil {
		return nil, err
	}
	engine, err := startMedia(cfg, log, metrics, s.loops, addresses)
	if err != nil {
		return nil, err
	}
	s.onClose("media", func(context.Context) error { return engine.Close() })
	if s.relays, listener, err = s.startTURN(ctx, engine, listener, metrics); err != nil {
		return nil, err
	}

	// What the process knows of itself.
	self := vitals.New(vitals.Config{Version: version(), Queue: recorder.Waiting, Metrics: metrics})
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	s.onClose("vitals", func(context.Context) error { stopWatching(); return nil })
	go self.Run(watching)

	// Rooms, and who may enter them.
	sessions := journal.New(s.registry, journal.Config{Bytes: cfg.Data.UnwrittenBytes, Patience: cfg.Data.WriteTimeout}, log.With("part", "journal"), metrics)
	s.onClose("journal", sessions.Close)
	hub := room.NewHub(room.Options{
		MaxRooms: cfg.Limits.Rooms, MaxPeers: cfg.Limits.RoomPeers, MaxTracks: cfg.Limits.PeerTracks,
		MaxMetadata: cfg.Limits.RoomMetadata, MaxPolls: cfg.Limits.RoomPolls, NodeTracks: nodeTracks(cfg.Limits),
		Linger: cfg.Reconnect.Linger, Journal: sessions, Log: log.With("part", "room"),
	})
	s.rooms = hub
	s.onClose("rooms", func(context.Context) error { hub.Close(); return nil })
	keys := make([]token.Key, len(cfg.Access.Keys))
	for i, k := range cfg.Access.Keys {
		keys[i] = token.Key{Access: k.Access, Secret: k.Secret, Account: cfg.Access.AccountID, App: cfg.Access.AppID}
	}
	ownKey := testKey()
	tokens := token.NewVerifier(append(slices.Clone(keys), ownKey), token.Options{
		Leeway: cfg.Access.TokenLeeway, Revoked: s.registry.Revoked, Provoked: provokedTokens(plan), Now: opt.Now,
	})

	// The two ways in: the signalling wire and the REST API.
	outside := newOutside(cfg.HTTP)
	sockets := socket.NewSet(socket.SetConfig{
		Max: cfg.Limits.Sockets, PerAddress: cfg.Limits.AddressSockets, Metrics: metrics, Addresses: addresses,
		Bounds: socket.Bounds{
			Queue: cfg.Limits.SocketQueue, Queues: cfg.Limits.Queues, Away: cfg.Limits.AwayBytes, Kept: cfg.Limits.KeptBytes, Read: cfg.Limits.SocketRate,
		},
	})
	clocks := skew.New()
	capacity := newCapacity(cfg.Limits, func() int { return s.participants.Peers() }, hub.Tracks, metrics)
	s.onClose("capacity", func(context.Context) error { capacity.close(); return nil })
	traces, err := s.startTraces(ctx, metrics)
	if err != nil {
		return nil, err
	}
	s.participants = participant.New(participant.Config{
		Tokens: tokens, Directory: directory{s.registry, sessions}, Hub: hub, Media: engine, Events: recorder, Inject: plan, Self: self.Evidence, Clocks: clocks, Relayed: s.relays.Evidence, Traces: traces,
		Unproven: limit.Rate{PerSecond: float64(cfg.Limits.Unproven) / 60, Burst: cfg.Limits.Unproven},
		Written:  sessions.Written, Rejoined: sessions.Rejoined, Limited: sockets.Limited, Full: capacity.full, Tests: repro.Account, Log: log.With("part", "signal"), Metrics: metrics,
		Hold: cfg.Reconnect.Hold, MaxReceived: cfg.Limits.ReceivedTracks, Bounds: participant.Bounds{
			Tell: cfg.Limits.TellRate, Fanout: cfg.Limits.FanoutRate, Answer: cfg.Limits.AnswerRate,
			Offers: cfg.Limits.OffersPerSecond, EarlyOffers: cfg.Limits.EarlyOffers,
		},
	})
	s.onClose("participants", s.participants.Close)
	s.onClose("sockets", func(context.Context) error {
		s.participants.Drain()
		sockets.Close(websocket.StatusServiceRestart, "the server restarts")
		return nil
	})
	wire := hms.New(hms.Config{
		Participants: s.participants, Sockets: sockets, Log: log.With("part", "signal"),
		SocketURL: outside.socketURL, ClientAddr: outside.client, ICEServers: iceServers(cfg.Media.ICEServers),
		Relays: func(r *http.Request, room, peer string) []map[string]any {
			return s.relays.webServers(outside.origin(r).Host, room, peer)
		},
		MaxFrame: cfg.Limits.FrameBytes, MaxSDP: cfg.Limits.SDPBytes, OfferedVideos: cfg.Limits.OfferedVideos,
		FrameRate: cfg.Limits.FramesPerSecond, InitRate: cfg.Limits.JoinsPerSecond, InitBurst: cfg.Limits.JoinsBurst,
	})
	links, err := shareLinks(cfg.Data.Dir)
	if err != nil {
		return nil, err
	}
	asks := ask.NewRuns(ask.Config{Engine: engine, Most: cfg.Limits.AskedBrowsers, Log: log.With("part", "ask"), Limited: sockets.Limited})
	s.onClose("asked browsers", func(context.Context) error { asks.Close(); return nil })
	own := &ownDoor{handshake: cfg.Limits.HandshakeTimeout}
	tests := s.startTests(plan, hub, recorder, ownKey, own, sessions.Written)
	diagnoses := api.NewDiagnoses(api.DiagnosesConfig{
		Store: store, Registry: s.registry, Links: links, Origin: outside.origin, Asks: asks, Addresses: addresses, ICE: s.askedServers(outside), Tests: tests,
	})
	events := api.NewEvents(api.EventsConfig{Recorder: recorder, Registry: s.registry, Rooms: hub, Inject: plan, Clocks: clocks, Known: s.participants.Known, Retention: cfg.Events.Retention})
	board := live.NewBoard(live.Config{Measure: s.participants.Live, Watchers: cfg.Limits.LiveWatchers, Limited: sockets.Limited, Metrics: metrics})
	s.rest = api.New(api.Config{
		Registry: s.registry, Rooms: hub, Tokens: tokens, Keys: keys,
		Routes: slices.Concat(restRoutes(events, diagnoses, sinks, plan, s.registry, recorder.Settle), s.witnessRoutes(recorder), s.projectRoutes(), s.consoleRoutes(),
			api.Settled(recorder.Settle, api.CausesRoutes(api.CausesConfig{Store: store, Operations: s.registry.Operations()})),
			api.HealthRoutes(s.selfHealth(self, engine, tokens, sinks, store)),
			api.LiveRoutes(api.LiveConfig{Board: board, Registry: s.registry, Rooms: hub})),
		Limits:     api.Limits{Address: api.Rate{PerSecond: cfg.Limits.APIPerSecond, Burst: cfg.Limits.APIBurst}, Layout: cfg.Limits.LayoutBytes},
		ClientAddr: outside.client, Events: recorder, Revoked: s.participants.Revoke, Written: sessions.Written,
		Log: log.With("part", "api"), Metrics: metrics,
	})

	// The routes' first level, in full.
	s.health = &health{log: log, checks: []check{
		{name: "registry", ask: s.registry.Readable},
		{name: "journal", ask: sessions.Healthy},
		{name: "events", ask: func(ctx context.Context) error {
			_, err := store.Last(ctx)
			return errors.Join(err, recorder.Healthy(ctx))
		}},
		{name: "capacity", told: true, ask: func(context.Context) error { return capacity.full() }},
		{name: "media", told: true, ask: func(context.Context) error { return s.loops.Err("media.") }},
	}}
	if s.cert != nil {
		s.health.checks = append(s.health.checks, check{name: "certificate", ask: func(context.Context) error { return s.cert.Missing() }})
	}
	if upgraded, ok := store.(interface{ Upgrading() int64 }); ok {
		s.health.left = upgraded.Upgrading
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/init", wire.ServeInit)
	routes.HandleFunc("/ws", wire.ServeWS)
	s.serveOpenVidu(routes, hub, sockets, engine, keys[0], outside, log)
	s.serveKurento(routes, sockets, engine, keys[0], outside, log)
	s.serveSceenic(routes, sockets, engine, keys[0], outside, log)
	if err := s.serveOpenTok(routes, hub, sockets, engine, keys[0], outside, sessions, recorder, sinks, log); err != nil {
		return nil, err
	}
	routes.HandleFunc("GET /healthz", s.health.alive)
	routes.HandleFunc("GET /readyz", s.health.ready)
	routes.Handle("/", pages.Handler(noPage))
	routes.Handle("/docs/", pages.Static("/docs/", documentation(log), noPage))
	routes.Handle("GET /docs", http.RedirectHandler("/docs/", http.StatusMovedPermanently))
	if cfg.Metrics.Address == "" {
		routes.Handle("GET /metrics", metricsHandler(metrics, cfg.Metrics.Token, true))
	} else if err := s.serveMetrics(ctx, metricsHandler(metrics, cfg.Metrics.Token, false)); err != nil {
		return nil, err
	}

	door := newGuard(asCalled{s.rest, routes, wire.ServeAstray}, cfg.HTTP, outside, log, metrics)
	door.lost, own.handler = wire.Lost, door
	s.web = newWeb(sniffed(door), cfg, log)
	s.web.handshaken = s.relays.gate != nil
	s.onClose("web", s.web.stop)
	if s.console != nil {
		s.serveConsole(s.console, tokens, outside, door.panics.Inc)
	}
	if tests != nil {
		s.onClose("tests", tests.Close)
	}
	s.onClose("event streams", func(context.Context) error { events.Close(); board.Close(); return nil })
	if s.cert != nil {
		s.web.TLSConfig = s.webTLS()
	}
	go s.serve(s.web, listener, "http.address")
	if err := s.startTLS(); err != nil {
		return nil, err
	}
	log.Info("ready", "url", s.URL(), "media_udp", engine.UDPPort(), "media_tcp", engine.TCPPort(), "candidates", fmt.Sprint(engine.Candidates()))
	return s, nil
}

// restRoutes are the routes that others than package api itself bring along.
func restRoutes(events *api.Events, diagnoses *api.Diagnoses, sinks *sink.Sinks, plan *inject.Plan, r *registry.Registry, settle func(context.Context)) []api.Route {
	return slices.Concat(api.Settled(settle, slices.Concat(events.Routes(), diagnoses.Routes())), api.FaultRoutes(), api.WebhookRoutes(sinks), api.InjectionRoutes(plan, r))
}

// witnessRoutes are where clients' own devices tell what they knew.
func (s *Server) witnessRoutes(recorder *event.Recorder) []api.Route {
	perMinute := s.cfg.Limits.Witness
	return api.WitnessRoutes(api.WitnessConfig{
		Recorder: recorder, Holders: s.participants, Rate: api.Rate{PerSecond: float64(perMinute) / 60, Burst: perMinute},
	})
}

// startMedia opens the media sockets and checks what clients will be told:
// advertised addresses before anything is opened, found ones once they are.
func startMedia(cfg config.Config, log *slog.Logger, metrics prometheus.Registerer, loops *accept.Loops, addresses *evidence.Hasher) (*sfu.Engine, error) {
	advertise := make([]netip.Addr, 0, len(cfg.Media.Advertise))
	for _, text := range cfg.Media.Advertise {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fault.ConfigInvalid.Wrap(err, "setting", "media.advertise")
		}
		advertise = append(advertise, address)
	}
	if len(advertise) > 0 {
		if err := selfCheck(cfg, nil, log); err != nil {
			return nil, err
		}
	}
	engine, err := sfu.New(sfu.Config{
		UDPAddr: cfg.Media.UDP, TCPAddr: cfg.Media.TCP, Advertise: advertise,
		Loopback: config.IsLoopback(cfg.Media.UDP),
		Log:      log.With("part", "media"), Metrics: metrics, Loops: loops, Addresses: addresses,
		Lite: cfg.Media.ICE == "lite", OwnTransport: cfg.Media.Transport == "own", Judge: judged(cfg), ProbeEvery: cfg.Media.ProbeEvery,
		AnswerWarning: cfg.Limits.AnswerWarning, AnswerTimeout: cfg.Limits.AnswerTimeout,
		UnprovenBytesPerSecond: cfg.Limits.UnprovenRate, UnprovenTargetBytes: cfg.Limits.UnprovenTarget,
		STUNPerSecond: stunRate(cfg), STUNHostPerMinute: cfg.Limits.STUNHostRate,
		Retransmits: cfg.Limits.Retransmits, RetransmitPercent: cfg.Limits.RetransmitShare,
	})
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "listen" {
		if strings.HasPrefix(op.Net, "tcp") {
			return nil, listenFailed(err, "media.tcp", cfg.Media.TCP)
		}
		return nil, listenFailed(err, "media.udp", cfg.Media.UDP)
	}
	if err != nil {
		return nil, err
	}
	if len(advertise) == 0 {
		var told []netip.Addr
		for _, c := range engine.Candidates() {
			told = append(told, c.Addr())
		}
		if err := selfCheck(cfg, told, log); err != nil {
			return nil, errors.Join(err, engine.Close())
		}
	}
	return engine, nil
}

// selfCheck refuses media addresses that cannot be right and logs those that
// may not be.
func selfCheck(cfg config.Config, candidates []netip.Addr, log *slog.Logger) error {
	here := interfaces()
	found := checkAddresses(cfg, candidates, here)
	if err := refuse(found, here); err != nil && !cfg.Media.AllowOddAddresses {
		return err
	}
	for _, f := range found {
		log.Warn("clients may not reach the media address", "fault", f.fault(here))
	}
	return nil
}

func iceServers(servers []config.ICEServer) []map[string]any {
	var all []map[string]any
	for _, s := range servers {
		one := map[string]any{"urls": s.URLs}
		if s.Username != "" {
			one["username"], one["credential"] = s.Username, s.Credential
		}
		all = append(all, one)
	}
	return all
}

// serveMetrics opens an address of its own for /metrics.
func (s *Server) serveMetrics(ctx context.Context, h http.Handler) error {
	listener, err := listen(ctx, "metrics.address", s.cfg.Metrics.Address)
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", h)
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { noPage(w, r, http.StatusNotFound) })
	web := newWeb(routes, s.cfg, s.log)
	s.onClose("metrics", web.stop)
	go s.serve(web, s.loops.Listener("metrics.address", listener), "metrics.address")
	return nil
}

// serve runs until the listener is closed. That it ended by itself is for Run.
func (s *Server) serve(web *web, l net.Listener, setting string) {
	var err error
	if web.TLSConfig != nil && !web.handshaken {
		err = web.ServeTLS(l, "", "")
	} else {
		err = web.Serve(l)
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.failed <- fault.ListenFailed.Wrap(err, "setting", setting)
	}
}

// URL is where the server answers, as seen from this machine.
func (s *Server) URL() string {
	return s.cfg.HTTP.OwnURL(s.address.String())
}

// Run serves until ctx ends or a listener fails, then stops.
func (s *Server) Run(ctx context.Context) error {
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-s.failed:
	}
	return errors.Join(failure, s.Stop(context.WithoutCancel(ctx)))
}

// Reload reads again what can change while the server runs, the certificate,
// and says in the log what came of it.
func (s *Server) Reload() {
	const rest = "every other setting takes a restart"
	if s.cert == nil {
		s.log.Info("reload: nothing to read again, there is no certificate", "note", rest)
		return
	}
	s.log.Info("reload", "certificate", s.cert.Reload(), "note", rest)
}

// Stop ends the server so that nobody notices more than a short reconnect:
// /readyz says no and, after shutdown.delay, new connections are refused at the
// door. A refused connection is tried again for a minute, whereas an HTTP error
// would end the call. Then the sockets are closed, what waits is written, and
// the rest is closed in the reverse of the order it was opened in. Sessions stay
// open in the registry for whoever continues them.
func (s *Server) Stop(ctx context.Context) error {
	began := time.Now()
	s.health.draining.Store(true)
	s.log.Info("stopping", "clients", s.participants.Peers(), "delay", s.cfg.Shutdown.Delay)
	if s.cfg.Shutdown.Delay > 0 {
		time.Sleep(s.cfg.Shutdown.Delay)
	}
	s.participants.Drain()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Shutdown.Timeout)
	defer cancel()
	err := s.closeAll(ctx)
	s.log.Info("stopped", "after", time.Since(began))
	return err
}

// onClose notes how to undo a step of starting.
func (s *Server) onClose(what string, f func(context.Context) error) {
	s.closers = append(s.closers, closer{what, f})
}

// closeAll undoes every step, the last one first. One that fails is reported
// and the others still run.
func (s *Server) closeAll(ctx context.Context) error {
	var all []error
	for _, c := range slices.Backward(s.closers) {
		if err := c.close(ctx); err != nil {
			all = append(all, fmt.Errorf("closing %s: %w", c.what, err))
		}
	}
	s.closers = nil
	return errors.Join(all...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
