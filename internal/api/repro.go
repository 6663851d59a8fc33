// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"

	"github.com/redial-rtc/redial/internal/repro"
)

// reproRoutes are the rows about reproducing a failure on a test participant.
func (d *Diagnoses) reproRoutes() []Route {
	return []Route{
		{Pattern: "POST /api/v1/events/{id}/reproduction", Rate: Rate{PerSecond: 0.5, Burst: 10}, Serve: d.provoking(d.reproduce)},
		{Pattern: "GET /api/v1/events/{id}/reproduction", Serve: d.reproduction},
		{Pattern: "DELETE /api/v1/events/{id}/reproduction", Serve: d.provoking(d.unreproduce)},
	}
}

// provoking lets those in who may provoke faults, where anything is provoked:
// fault.InjectionDisabled, fault.NotPermitted.
func (d *Diagnoses) provoking(serve Handler) Handler {
	return func(c *Call) (any, error) {
		if err := mayProvoke(c, d.cfg.Tests != nil); err != nil {
			return nil, err
		}
		return serve(c)
	}
}

// reproduced is the failure that a call is about, with its verdict.
func (d *Diagnoses) reproduced(c *Call) (repro.Failure, *diagnosisBody, error) {
	e, err := d.failure(c)
	if err != nil {
		return repro.Failure{}, nil, err
	}
	body, err := d.diagnosis(c.Context(), &e)
	return repro.Failure{Event: &e, Cause: body.Verdict.Cause}, &body, err
}

// reproduce begins to reproduce a failure; where that is under way already nothing is
// begun. It fails with fault.EventNotFound, fault.InjectionImpossible, fault.QueueFull and
// fault.Draining.
func (d *Diagnoses) reproduce(c *Call) (any, error) {
	f, body, err := d.reproduced(c)
	if err != nil {
		return nil, err
	}
	view, err := d.cfg.Tests.Start(f, &body.Verdict)
	if err != nil {
		return nil, err
	}
	c.concern("reproduction", view.ID)
	return Reply{http.StatusAccepted, view}, nil
}

// reproduction is the latest reproduction of a failure, or what one would be:
// fault.EventNotFound, fault.InjectionDisabled.
func (d *Diagnoses) reproduction(c *Call) (any, error) {
	if err := canProvoke(d.cfg.Tests != nil); err != nil {
		return nil, err
	}
	f, body, err := d.reproduced(c)
	if err != nil {
		return nil, err
	}
	return d.cfg.Tests.Of(f, &body.Verdict), nil
}

// unreproduce stops one, and returns when nothing of it is left.
func (d *Diagnoses) unreproduce(c *Call) (any, error) {
	e, err := d.failure(c)
	if err != nil {
		return nil, err
	}
	d.cfg.Tests.Stop(c.Context(), e.ID)
	return nil, nil
}
