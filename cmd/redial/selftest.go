// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

const (
	selfTestWait   = 2 * time.Minute // for the verdict about one cause
	selfTestRounds = 2               // a machine that stood still meanwhile hides everything else
)

// tested is what became of one cause.
type tested struct {
	Cause      string           `json:"cause"`
	Fault      string           `json:"fault,omitempty"`   // what is on record
	Verdict    string           `json:"verdict,omitempty"` // the cause that the diagnosis names
	Confidence admin.Confidence `json:"confidence,omitempty"`
	OK         bool             `json:"ok"`
	Took       float64          `json:"seconds"`
	Problem    string           `json:"problem,omitempty"` // why there is no verdict
}

// selfTest provokes every cause that can be provoked, on a server of its own and with
// clients of its own, and prints what the diagnosis says of each. It fails where one
// is not named as likely or proven. Only one cause is tried where it is named.
func selfTest(ctx context.Context, e *env, only string, asJSON bool) (err error) {
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Access.Keys = []config.Key{newKey()}
	cfg.Inject.Enabled = true
	cfg.Limits.CPUPercent = 0 // its clients use the same processors
	cfg.Shutdown.Timeout = devShutdown
	if cfg.Data.Dir, err = os.MkdirTemp("", "redial-self-test-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cfg.Data.Dir)) }()
	s, err := server.Start(ctx, cfg, slog.New(slog.DiscardHandler), server.Options{})
	if err != nil {
		return err
	}
	defer func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*devShutdown)
		defer stop()
		err = errors.Join(err, s.Stop(ctx))
	}()
	token, err := s.InjectToken(time.Hour)
	if err != nil {
		return err
	}
	ctl, err := newAdmin(s.URL(), token, mintsInject)
	if err != nil {
		return err
	}
	possible, err := ctl.Injections.List(ctx)
	if err != nil {
		return said(ctl, err)
	}
	causes := possible.Causes
	if only != "" {
		causes = slices.DeleteFunc(causes, func(c admin.InjectableCause) bool { return c.ID != only })
		if len(causes) == 0 {
			return usagef("-cause %s cannot be provoked; see -list", only)
		}
	}
	t := tester{s, ctl}
	// Somebody who is well, elsewhere: others get through.
	well, err := t.enter(ctx, "well")
	if err != nil {
		return fmt.Errorf("nothing is provoked yet, and a client cannot join: %w", err)
	}
	defer well.Leave()
	results := make([]tested, len(causes))
	var all sync.WaitGroup
	for i, cause := range causes {
		all.Go(func() { results[i] = t.check(ctx, cause) })
	}
	all.Wait()
	results = append(results, t.healthy(ctx))
	return printTested(e, results, asJSON)
}

// tester is a server, and somebody who may do everything there.
type tester struct {
	server *server.Server
	ctl    *admin.Client
}

// enter joins a room, which is made if there is none of that name, and sends sound.
func (t tester) enter(ctx context.Context, room string) (*client.Room, error) {
	d, err := t.server.Demo(ctx, room, time.Hour)
	if err != nil {
		return nil, err
	}
	r, err := client.Join(ctx, client.Config{Endpoint: t.server.URL(), Token: d.Tokens["host"], Name: "self-test", JoinTimeout: selfTestWait, StepTimeout: time.Minute})
	if err != nil {
		return nil, err
	}
	if _, err := r.Publish(ctx, client.Tone()); err != nil {
		r.Leave()
		return nil, err
	}
	return r, nil
}

// call has two people in a room who hear each other, and gives the second.
func (t tester) call(ctx context.Context, room string) (she *client.Room, leave func(), err error) {
	var both []*client.Room
	leave = func() {
		for _, r := range both {
			r.Leave()
		}
	}
	for range 2 {
		r, err := t.enter(ctx, room)
		if err != nil {
			leave()
			return nil, nil, err
		}
		both = append(both, r)
	}
	for _, r := range both {
		for !hears(r) {
			select {
			case <-ctx.Done():
				leave()
				return nil, nil, errors.New("two clients in one room do not hear each other")
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return both[1], leave, nil
}

// hears tells whether anything of the others arrives.
func hears(r *client.Room) bool {
	for _, t := range r.Stats().Tracks {
		if t.Packets > 0 {
			return true
		}
	}
	return false
}

// check provokes a cause and waits for the diagnosis to name it.
func (t tester) check(ctx context.Context, cause admin.InjectableCause) (c tested) {
	began := time.Now()
	for round := range selfTestRounds {
		room := fmt.Sprintf("%s-%d", strings.ReplaceAll(cause.ID, ".", "-"), round)
		if c = t.provoke(ctx, cause, room); c.OK || c.Verdict != "server.stalled" {
			break
		}
	}
	c.Took = time.Since(began).Round(100 * time.Millisecond).Seconds()
	return c
}

// provoke has somebody in a room meet a cause.
func (t tester) provoke(ctx context.Context, cause admin.InjectableCause, room string) tested {
	c := tested{Cause: cause.ID, Problem: "no failure is on record"}
	failed := func(err error) tested { c.Problem = err.Error(); return c }
	ctx, stop := context.WithTimeout(ctx, selfTestWait)
	defer stop()
	if _, err := t.server.Demo(ctx, room, time.Hour); err != nil {
		return failed(err)
	}
	asked := admin.Injection{Cause: cause.ID, Room: room}
	enter := func() {}
	if cause.Inside {
		she, leave, err := t.call(ctx, room)
		if err != nil {
			return failed(err)
		}
		defer leave()
		asked.Peer = she.PeerID()
	} else {
		enter = func() {
			if r, err := t.enter(ctx, room); err == nil {
				<-ctx.Done()
				r.Leave()
			}
		}
	}
	if _, err := t.ctl.Injections.Create(ctx, asked); err != nil {
		return failed(said(t.ctl, err))
	}
	var joining sync.WaitGroup
	joining.Go(enter)
	defer joining.Wait()
	defer stop()
	for {
		page, err := t.ctl.Diagnoses.List(ctx, admin.DiagnosisFilter{Room: room})
		if err != nil {
			if ctx.Err() != nil {
				return c
			}
			return failed(said(t.ctl, err))
		}
		for _, d := range page.Diagnoses {
			sure := d.Verdict.Confidence == admin.Likely || d.Verdict.Confidence == admin.Proven
			c.Fault, c.Verdict, c.Confidence = d.Failure.Fault, d.Verdict.Cause, d.Verdict.Confidence
			if c.Problem = besides(d.Verdict); d.Verdict.Cause == cause.ID && sure && d.Failure.Injected {
				c.OK, c.Problem = true, ""
				return c
			}
		}
		select {
		case <-ctx.Done():
			return c
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// besides is what a verdict says, and what else it may be.
func besides(v admin.Verdict) string {
	says := v.Says
	for _, r := range v.Rivals {
		says += " Or " + r.Cause + " (" + r.Decides + ")."
	}
	return says
}

// healthy wants nothing on record of the call in which nothing was provoked.
func (t tester) healthy(ctx context.Context) tested {
	c := tested{Cause: "nothing provoked"}
	page, err := t.ctl.Diagnoses.List(ctx, admin.DiagnosisFilter{Room: "well"})
	switch {
	case err != nil:
		c.Problem = said(t.ctl, err).Error()
	case len(page.Diagnoses) > 0:
		d := page.Diagnoses[0]
		c.Fault, c.Verdict, c.Confidence = d.Failure.Fault, d.Verdict.Cause, d.Verdict.Confidence
	default:
		c.OK = true
	}
	return c
}

// printTested prints a table, or lines of JSON, and fails where something is not ok.
func printTested(e *env, results []tested, asJSON bool) error {
	bad := 0
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(w, "CAUSE\tON RECORD\tDIAGNOSIS\tCONFIDENCE\tAFTER\t")
	}
	for _, c := range results {
		word := "ok"
		if !c.OK {
			bad++
			word = "NOT OK " + c.Problem
		}
		if asJSON {
			if err := json.NewEncoder(e.stdout).Encode(c); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.1f s\t%s\n", c.Cause, dash(c.Fault), dash(c.Verdict), dash(string(c.Confidence)), c.Took, clean(word))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d are not named as they should be", bad, len(results))
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return clean(s)
}
