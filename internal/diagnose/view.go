// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// view is a case as clauses look at it.
type view struct {
	c        *Case
	f        *Failure
	at       time.Time
	record   *evidence.Record // of the failure, nil for none
	path     *evidence.Path   // of the failure, or the nearest of the same incident
	pathAt   time.Time        // when that was taken
	pathSelf *evidence.Record // the record it is part of
	socket   *evidence.Socket // the same
	socketAt time.Time
	self     *evidence.Self
	incident []*Failure // this failure and those that belong to it, by time
	said     map[*Clause]answer
}

func newView(c *Case) *view {
	v := &view{c: c, f: &c.Failure, at: c.Failure.When(), record: c.Failure.Evidence, said: map[*Clause]answer{}}
	v.incident = incident(c)
	// What the failure itself has no record of, the others of its incident may, the
	// nearest first.
	byDistance := slices.Clone(v.incident)
	slices.SortStableFunc(byDistance, func(a, b *Failure) int {
		return int(a.When().Sub(v.at).Abs() - b.When().Sub(v.at).Abs())
	})
	for _, f := range append([]*Failure{v.f}, byDistance...) {
		r := f.Evidence
		if r == nil {
			continue
		}
		if v.path == nil && r.Path != nil {
			v.path, v.pathAt, v.pathSelf = r.Path, r.At, r
		}
		if v.socket == nil && r.Socket != nil {
			v.socket, v.socketAt = r.Socket, r.At
		}
		if v.self == nil {
			v.self = r.Self
		}
	}
	return v
}

// ask gives the answer of a clause, which is asked once.
func (v *view) ask(c *Clause) answer {
	if a, ok := v.said[c]; ok {
		return a
	}
	a := c.ask(v)
	v.said[c] = a
	return a
}

// faults are what the failure is called by either side. What the server saw is not
// called anything else by a client's word.
func (v *view) faults() []string {
	server, client := v.f.Server, v.f.Client
	switch {
	case server != nil && server.Fault != "":
		if client != nil && isSymptom(server.Fault) && isSymptom(client.Fault) {
			return []string{server.Fault, client.Fault}
		}
		return []string{server.Fault}
	case client != nil:
		return []string{v.f.Fault, client.Fault}
	}
	return []string{v.f.Fault}
}

// detail is one of the server's details, nil for none.
func (f *Failure) detail(name string) any {
	if f.Server == nil {
		return nil
	}
	for _, d := range f.Server.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return nil
}

// others are the failures of other peers.
func (v *view) others() []*Failure {
	var all []*Failure
	for i := range v.c.Around {
		all = append(all, &v.c.Around[i])
	}
	return all
}

// latest is the latest of some times.
func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }
