// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Faults provoked on purpose, and what can be wrong with asking for one.
var (
	// InjectionDisabled: this server provokes nothing.
	InjectionDisabled = declare(Kind{
		ID: "injection.disabled", Title: "Provoking faults is switched off", Area: AreaServer, Category: API, Status: 403,
		What:  "A call of `/api/v1/injections` was refused because this server does not provoke faults.",
		Why:   "`inject.enabled` is false, as it is unless somebody sets it. `redial dev` has it on.",
		Sign:  "Every call of that path is refused, whatever the token. A token without the grant is refused with permission.denied.",
		Do:    "Set `inject.enabled: true` on a server that is for testing, or use `redial dev`.",
		User:  "This is not available here.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByOperator},
		See:   []string{"permission.denied", "injection.impossible"},
		Links: []string{rfc(9110, "15.5.4")},
	})
	// InjectionImpossible: a server cannot produce this fault.
	InjectionImpossible = declare(Kind{
		ID: "injection.impossible", Title: "The server cannot provoke this fault", Area: AreaServer, Category: API, Status: 422,
		What:  "The fault is in the catalogue, but nothing a server does makes it appear in a client.",
		Why:   "It arises inside the client, its browser or its devices, in another server, or in starting and running this one. The detail `reason` says which.",
		Sign:  "`redial inject -list` does not show the fault among those that are possible.",
		Do:    "Read the detail `reason`: most of these are provoked by a page script that replaces one browser function.",
		User:  "This is not available here.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"catalogue.unknown", "injection.disabled"},
		Links: []string{rfc(9110, "15.5.21")},
	})
	// InjectionConflict: another rule does something to the same peers at the same place.
	InjectionConflict = declare(Kind{
		ID: "injection.conflict", Title: "Another injection is in the way", Area: AreaServer, Category: API, Status: 409,
		What:  "A fault was asked for where another one is already at work on some of the same peers.",
		Why:   "Two faults at one place hide each other, so that neither test would show what it claims.",
		Sign:  "The details name the injection that is there and the place.",
		Do:    "Wait until it ends, remove it with `DELETE /api/v1/injections/{id}`, or choose other peers.",
		User:  "This is not available at the moment.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"injection.not_found"},
		Links: []string{rfc(9110, "15.5.10")},
	})
	// InjectionNotFound: no such rule, or it has ended.
	InjectionNotFound = declare(Kind{
		ID: "injection.not_found", Title: "No such injection", Area: AreaServer, Category: API, Status: 404,
		What:  "No injection with the given id is waiting or running.",
		Why:   "It has ended by itself, was removed already, or the id is mistyped. None survives a restart of the server.",
		Sign:  "`GET /api/v1/injections` does not list the id.",
		Do:    "List what is running with `redial inject -list`; an injection that has ended needs no removal.",
		User:  "This is over already.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"injection.conflict"},
		Links: []string{rfc(9110, "15.5.5")},
	})
)
