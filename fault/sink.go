// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Sending stored events on.
var (
	// SinkFailing: a receiver of events does not take them.
	SinkFailing = declare(Kind{
		ID: "sink.failing", Title: "A receiver of events does not take them", Area: AreaServer, Category: Server, Status: 502,
		What:  "A webhook or a collector that events are sent to has failed for so long that it is only tried once in a while.",
		Why:   "The receiver is down, answers with something else than 2xx, answers too late, or its address or secret changed.",
		Sign:  "The log of deliveries shows the status or error of each attempt. Calls and the record of events are not affected.",
		Do:    "Put the receiver right, then resume the webhook or wait for the next try. Nothing is lost that the retention still keeps.",
		User:  "Calls are not affected. Error reports reach the app's own systems later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport}, FixedBy: []Party{ByOperator, ByApp},
		CausedBy: []string{"sink.address_refused"}, See: []string{"server.events_dropped", "server.store"},
		Links: []string{rfc(9110, "15.6.3"), "https://opentelemetry.io/docs/specs/otlp/#failures"},
	})
	// SinkAddressRefused: a webhook points to an address that is not public.
	SinkAddressRefused = declare(Kind{
		ID: "sink.address_refused", Title: "A webhook points to an address that is not public", Area: AreaServer, Category: Server, Status: 502,
		What:  "The name of a webhook resolved to an address inside a private network or this machine, so no connection was made.",
		Why:   "The receiver is inside and its network was not allowed, or somebody changed a name in order to reach inside.",
		Sign:  "The log of deliveries names the address, and no request arrived there.",
		Do:    "If the receiver is meant to be there, add its network to `webhooks.allow_networks`. If not, correct the URL or the name.",
		User:  "Calls are not affected. Error reports reach the app's own systems later.",
		Retry: RetryBackoff, Terminal: false, Ops: []Op{OpReport}, FixedBy: []Party{ByOperator},
		See:   []string{"media.advertised_address"},
		Links: []string{rfc(6890, "2.2.2"), "https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html"},
	})
)
