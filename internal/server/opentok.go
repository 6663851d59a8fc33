// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	rest "github.com/redial-rtc/redial/internal/api"
	api "github.com/redial-rtc/redial/internal/api/opentok"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/opentok"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/registry/journal"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/sink"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// demoLife is how long the token of a room to try is good.
const demoLife = 7 * 24 * time.Hour

// sealKey is the file of the key that ids of sessions are sealed with. A new one
// ends all sessions that backends have noted.
const sealKey = "opentok.key"

// serveOpenTok opens the door for apps of OpenTok: the API of their backends, what
// clients ask first, and their wire. Nothing, where that is not enabled.
func (s *Server) serveOpenTok(routes *http.ServeMux, hub *room.Hub, sockets *socket.Set, engine *sfu.Engine, key token.Key, o outside, sessions *journal.Journal, events *event.Recorder, sinks *sink.Sinks, log *slog.Logger) error {
	cfg := s.cfg
	if !cfg.OpenTok.Enabled {
		return nil
	}
	seal, err := datafile.Key(filepath.Join(cfg.Data.Dir, sealKey), opentok.SealBytes)
	if err != nil {
		return err
	}
	wire := s.streamDoor(sockets, engine, o, log, cfg.OpenTok.JoinTimeout)
	address := func(r *http.Request) string { return limit.Key(o.client(r)) }
	origin := func(r *http.Request) string { u := o.origin(r); return u.String() }
	c := opentok.Config{
		Projects: s.projects, Account: cfg.Access.AccountID, RoomKey: key, Seal: [opentok.SealBytes]byte(seal), Registry: s.registry,
		Rate: limit.Rate{PerSecond: cfg.Limits.JoinsPerSecond, Burst: cfg.Limits.JoinsBurst}, Leeway: cfg.Access.TokenLeeway, Issues: cfg.OpenTok.Issues,
		ClientAddr: o.client, Limited: sockets.Limited, Origin: origin,
		SocketURL: func(r *http.Request) (string, error) {
			u, err := o.socketURL(r)
			return strings.TrimSuffix(u, "/ws") + "/opentok", err
		},
		ICEServers: func(r *http.Request) []kurento.ICEServer { return wire.ServersFor(o.origin(r).Host) },
		Refused: func(r *http.Request, in string, f *fault.Error) {
			v := participant.Visitor{Address: address(r), Agent: event.ParseAgent(r.UserAgent()), Door: sockets.Door(r, o.client(r))}
			v.Agent.SDK = kurento.OpenTokSDK // nobody else asks here
			v.Claims.RoomID = in
			if record, err := (directory{s.registry, sessions}).RoomRecord(r.Context(), in); err == nil {
				v.Record = record
			}
			s.participants.TurnAway(v, f)
		},
		Injected: func(in, role string) (*fault.Error, string, string) {
			refusal, rubbish := s.participants.InitInjected(visitor(in, role))
			if rubbish != nil {
				return nil, rubbish.Kind, rubbish.Body
			}
			return refusal, "", ""
		},
		Gone: func(in string) bool { return s.participants.Gone(visitor(in, "")) },
		ReportInjected: func(in, connection string) error {
			v := visitor(in, "")
			v.ID = room.PeerID(connection)
			return s.participants.StoreInjected(v)
		},
		Callback: func(c opentok.Callback) {
			sinks.Tell(sink.Callback{
				Receiver: c.Project, Type: c.Event, Body: c.Body, Opens: c.Opens, Closes: c.Closes, Ending: sink.Ending{Type: c.EndEvent, Body: c.EndBody},
			})
		},
		Reported: func(r *http.Request, i opentok.Issue) error {
			log.Info("a client reports an issue", "issue", i.ID, "room", i.Room, "connection", i.Connection, "addr", address(r))
			e := issueEvent(r.Context(), directory{s.registry, sessions}, hub, i)
			e.Agent = event.ParseAgent(r.UserAgent())
			return events.AppendReported(r.Context(), event.Reporter{Token: i.Project + "/" + i.Connection}, e)
		},
	}
	for _, text := range cfg.OpenTok.DeniedNetworks {
		network, err := config.ParseNetwork(text)
		if err != nil {
			return fault.ConfigInvalid.Wrap(err, "setting", "opentok.denied_networks")
		}
		c.Denied = append(c.Denied, network)
	}
	s.openTok = opentok.New(c)
	wire.Streams = s.openTok
	routes.HandleFunc("/opentok", kurento.New(wire).ServeWS)
	routes.HandleFunc("GET /opentok/v1/sessions/{session}", s.openTok.ServeInfo)
	routes.HandleFunc("POST /opentok/v1/issues", s.openTok.ServeIssue)
	backends := api.New(api.Config{
		Sessions: s.openTok, Rooms: hub, Rate: limit.Rate{PerSecond: cfg.Limits.APIPerSecond, Burst: cfg.Limits.APIBurst},
		ClientAddr: o.client, Origin: origin, Limited: sockets.Limited, Written: sessions.Written,
	})
	routes.Handle("/session/create", backends)
	routes.Handle("/v2/project/", backends)
	return nil
}

// maxIssueDetails is how many bytes of what a client says of an issue are kept: the last.
const maxIssueDetails = 3 << 10

// issueEvent is an issue as the record keeps it: a failure that the client alone knows,
// of a call that goes on. Nobody can prove whose it is, as all of a session know one
// another's connections, so it stands by itself.
func issueEvent(ctx context.Context, rooms directory, hub *room.Hub, i opentok.Issue) event.Event {
	e := event.Event{
		ID: i.ID, Type: event.SubscribeFailed, Source: event.FromClient, Dialect: dialect.OpenTok.Name, Op: fault.OpReport, Action: "OT.reportIssue()",
		Failure: event.Failure{Name: "Issue", Message: "The app reports an issue of a call"},
		Subject: event.Subject{UserProof: event.ProofNone, PeerID: i.Connection, RoomID: i.Room},
		Extra:   map[string]json.RawMessage{},
	}
	if record, err := rooms.RoomRecord(ctx, i.Room); err == nil {
		e.AccountID, e.RoomName, e.TemplateID = record.Account, record.Spec.Name, record.Spec.Template.ID
	}
	if live := hub.Active(i.Room); live != nil {
		if snap, err := live.Snapshot(ctx); err == nil {
			e.SessionID = snap.SessionID
			for _, p := range snap.Peers {
				if string(p.ID) == i.Connection {
					e.UserName, e.Role = p.Name, p.Role
				}
			}
		}
	}
	details := i.Details
	if len(details) > maxIssueDetails {
		details = strings.ToValidUTF8(details[len(details)-maxIssueDetails:], "")
	}
	if text, err := json.Marshal(details); err == nil && details != "" {
		e.Extra["issue"] = text
	}
	return e
}

// visitor is somebody who comes to a room in a role, as faults are provoked.
func visitor(in, role string) (v participant.Visitor) {
	v.Claims.RoomID, v.Claims.Role = in, role
	return v
}

// openProjects finds the projects of the settings and of the registry; nil without the
// door.
func (s *Server) openProjects() (*opentok.Projects, error) {
	if !s.cfg.OpenTok.Enabled {
		return nil, nil
	}
	fixed, err := fixedProjects(s.cfg.OpenTok.Projects, s.cfg.Access.AccountID)
	return opentok.NewProjects(fixed, s.registry), err
}

// callbacks are how the backends of projects are told what happens in their sessions.
func callbacks(cfg config.OpenTok, projects *opentok.Projects) sink.Callbacks {
	c := sink.Callbacks{MaxBytes: cfg.CallbackBytes, Setting: "opentok.callback_bytes", Keep: cfg.CallbackKeep}
	if projects == nil {
		return c
	}
	c.Receiver = func(ctx context.Context, key string) (sink.Hook, error) {
		p, err := projects.Find(ctx, key)
		h := sink.Hook{URL: p.Callback}
		if p.Signs != "" {
			h.Secrets = []string{p.Signs}
		}
		return h, err
	}
	return c
}

// fixedProjects are those of the settings.
func fixedProjects(projects []config.Project, account string) (all []opentok.Project, err error) {
	for _, p := range projects {
		one := opentok.Project{Key: p.Key, Secret: p.Secret, Account: account, Callback: p.CallbackURL, Signs: p.CallbackSecret}
		if p.PublicKey != "" {
			if one.Public, err = opentok.PublicKey(p.PublicKey); err != nil {
				return nil, fault.ConfigInvalid.Wrap(err, "setting", "opentok.projects", "key", p.Key)
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// projectRoutes are where projects are made over REST; none without the door.
func (s *Server) projectRoutes() []rest.Route {
	if !s.cfg.OpenTok.Enabled {
		return nil
	}
	return rest.ProjectRoutes(s.registry, s.cfg.OpenTok.MaxProjects, func(pem string) error {
		_, err := opentok.PublicKey(pem)
		return err
	})
}

// TryOpenTok makes a session of the first project of the settings in the room of a
// name, and a moderator's token for it.
func (s *Server) TryOpenTok(ctx context.Context, room string) (session, word string, err error) {
	if s.openTok == nil || len(s.cfg.OpenTok.Projects) == 0 {
		return "", "", errors.New("there is no project")
	}
	p, err := s.openTok.Project(ctx, s.cfg.OpenTok.Projects[0].Key)
	if err != nil {
		return "", "", err
	}
	if session, err = s.openTok.Create(ctx, p, room, s.URL()); err != nil {
		return "", "", err
	}
	word, err = s.openTok.Mint(p, session, opentok.Moderator, demoLife)
	return session, word, err
}
