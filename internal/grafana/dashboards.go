// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package grafana

// All are the dashboards that come with the server.
var All = []Dashboard{overview, media, failures, turn}

var overview = Dashboard{"overview", "Redial: overview", "Who is there, what fails, and how the servers fare.", []Row{
	{"Now", []Panel{
		{Title: "People", About: "In calls, previewing, or held for reconnection.", Unit: "none", Stat: true, Lines: []Line{{`sum(redial_signal_peers{@})`, ""}}},
		{Title: "Without a socket", About: "Held: they may still come back.", Unit: "none", Stat: true, Lines: []Line{{`sum(redial_signal_peers_held{@})`, ""}}},
		{Title: "Failures in an hour", About: "Stored events that nobody provoked.", Unit: "none", Stat: true, Lines: []Line{{`sum(increase(redial_events_stored_total{injected="false",@}[1h]))`, ""}}},
		{Title: "Certificate ends in", About: "The one that ends first.", Unit: "s", Stat: true, Needs: "TLS of the server's own", Lines: []Line{{`min(redial_certificate_expiry_seconds{@}) - time()`, ""}}},
		{Title: "Disk free", About: "Of the filesystem of data.dir.", Unit: "percentunit", Stat: true, Lines: []Line{{`min(redial_data_free_bytes{@} / redial_data_size_bytes{@})`, ""}}},
		{Title: "Full", About: "The nearest of the node's limits; at 1 newcomers are refused.", Unit: "percentunit", Stat: true, Lines: []Line{{`max(redial_node_used_ratio{@})`, ""}}},
	}},
	{"People", []Panel{
		{Title: "People", About: "By server.", Unit: "none", Lines: []Line{{`sum by (instance) (redial_signal_peers{@})`, "{{instance}}"}}},
		{Title: "Joins and returns", About: "In a second. Returns are peers that came back on a new socket.", Unit: "ops", Lines: []Line{
			{`sum(rate(redial_signal_joins_total{@}[$__rate_interval]))`, "joins"}, {`sum(rate(redial_signal_resumed_total{@}[$__rate_interval]))`, "returns"}}},
		{Title: "Refusals", About: "Calls and connections refused, by fault.", Unit: "ops", Lines: []Line{{`sum by (fault) (rate(redial_signal_refused_total{@}[$__rate_interval]))`, "{{fault}}"}}},
	}},
	{"Answers", []Panel{
		{Title: "Calls of the wire, 99th percentile", About: "Time to answer, by method.", Unit: "s", Lines: []Line{{`histogram_quantile(0.99, sum by (method, le) (rate(redial_signal_call_seconds_bucket{@}[$__rate_interval])))`, "{{method}}"}}},
		{Title: "REST, 99th percentile", About: "By route.", Unit: "s", Lines: []Line{{`histogram_quantile(0.99, sum by (route, le) (rate(redial_api_request_seconds_bucket{@}[$__rate_interval])))`, "{{route}}"}}},
		{Title: "REST by status", About: "In a second.", Unit: "reqps", Lines: []Line{{`sum by (status) (rate(redial_api_requests_total{@}[$__rate_interval]))`, "{{status}}"}}},
	}},
	{"The servers", []Panel{
		{Title: "Limits", About: "What is used of what the node may use.", Unit: "percentunit", Lines: []Line{{`max by (instance, limit) (redial_node_used_ratio{@})`, "{{instance}} {{limit}}"}}},
		{Title: "Processors", About: "Used by the process.", Unit: "none", Lines: []Line{{`sum by (instance) (rate(process_cpu_seconds_total{@}[$__rate_interval]))`, "{{instance}}"}}},
		{Title: "Memory", About: "Of the process.", Unit: "bytes", Lines: []Line{{`sum by (instance) (process_resident_memory_bytes{@})`, "{{instance}}"}}},
		{Title: "File descriptors", About: "Part of what the process may have.", Unit: "percentunit", Lines: []Line{{`max by (instance) (process_open_fds{@} / process_max_fds{@})`, "{{instance}}"}}},
	}},
	{"What hurts everybody", []Panel{
		{Title: "Stalls", About: "Part of the time in which the process stood still.", Unit: "percentunit", Lines: []Line{{`sum by (instance) (rate(redial_process_stalled_seconds_total{@}[$__rate_interval]))`, "{{instance}}"}}},
		{Title: "Datagrams lost here", About: "Sockets had no room: net.core.rmem_max, or too much load.", Unit: "pps", Lines: []Line{{`sum by (instance) (rate(redial_process_udp_lost_packets_total{@}[$__rate_interval]))`, "{{instance}}"}}},
		{Title: "Waiting for the disk", About: "Changes of sessions, and events.", Unit: "none", Lines: []Line{
			{`sum by (instance) (redial_journal_waiting_count{@})`, "{{instance}} changes"}, {`sum by (instance) (redial_events_queue_events{@})`, "{{instance}} events"}}},
		{Title: "Panics and clock steps", About: "None is usual.", Unit: "none", Lines: []Line{
			{`sum(increase(redial_http_panics_total{@}[$__rate_interval]))`, "panics"}, {`sum(increase(redial_process_clock_steps_total{@}[$__rate_interval]))`, "clock steps"}}},
	}},
}}

var media = Dashboard{"media", "Redial: media", "What is received and forwarded, and what is lost.", []Row{
	{"Traffic", []Panel{
		{Title: "Connections", About: "Media connections that exist.", Unit: "none", Lines: []Line{{`sum by (kind) (redial_sfu_connections{@})`, "{{kind}}"}}},
		{Title: "Bits", About: "RTP, to the server and from it.", Unit: "bps", Lines: []Line{{`8 * sum by (direction) (rate(redial_sfu_bytes_total{@}[$__rate_interval]))`, "{{direction}}"}}},
		{Title: "Packets", About: "RTP, to the server and from it.", Unit: "pps", Lines: []Line{{`sum by (direction) (rate(redial_sfu_packets_total{@}[$__rate_interval]))`, "{{direction}}"}}},
	}},
	{"Loss", []Panel{
		{Title: "Asked for again", About: "Part of the packets. `in`: by subscribers; `out`: by the server, of publishers.", Unit: "percentunit", Lines: []Line{
			{`sum(rate(redial_sfu_nacked_packets_total{direction="in",@}[$__rate_interval])) / sum(rate(redial_sfu_packets_total{direction="out",@}[$__rate_interval]))`, "downlinks"},
			{`sum(rate(redial_sfu_nacked_packets_total{direction="out",@}[$__rate_interval])) / sum(rate(redial_sfu_packets_total{direction="in",@}[$__rate_interval]))`, "uplinks"}}},
		{Title: "Repeats", About: "Packets that were sent again, and requests that were not answered, by reason.", Unit: "pps", Lines: []Line{
			{`sum(rate(redial_sfu_repeated_packets_total{@}[$__rate_interval]))`, "sent again"}, {`sum by (reason) (rate(redial_sfu_repeats_refused_total{@}[$__rate_interval]))`, "not: {{reason}}"}}},
		{Title: "Dropped and invalid", About: "Packets that could not be sent, or made no sense.", Unit: "pps", Lines: []Line{
			{`sum(rate(redial_sfu_dropped_packets_total{@}[$__rate_interval]))`, "dropped"}, {`sum(rate(redial_sfu_invalid_packets_total{@}[$__rate_interval]))`, "invalid"},
			{`sum(rate(redial_sfu_unproven_dropped_total{@}[$__rate_interval]))`, "unproven address"}}},
	}},
	{"Pictures", []Panel{
		{Title: "Key frames", About: "Received from publishers, and asked for by subscribers.", Unit: "ops", Lines: []Line{
			{`sum(rate(redial_sfu_keyframes_total{@}[$__rate_interval]))`, "received"}, {`sum by (direction) (rate(redial_sfu_keyframe_requests_total{@}[$__rate_interval]))`, "asked, {{direction}}"}}},
		{Title: "Changes of layers", About: "Many for each subscriber: bandwidth swings.", Unit: "ops", Lines: []Line{{`sum(rate(redial_sfu_layer_switches_total{@}[$__rate_interval]))`, "switches"}}},
	}},
	{"Paths", []Panel{
		{Title: "ICE", About: "States that connections entered. `failed` should be rare beside `connected`.", Unit: "ops", Lines: []Line{{`sum by (state) (rate(redial_sfu_ice_states_total{injected="false",@}[$__rate_interval]))`, "{{state}}"}}},
		{Title: "DTLS failures, ICE restarts", About: "In a second.", Unit: "ops", Lines: []Line{
			{`sum(rate(redial_sfu_dtls_failures_total{injected="false",@}[$__rate_interval]))`, "DTLS failures"}, {`sum(rate(redial_sfu_ice_restarts_total{injected="false",@}[$__rate_interval]))`, "ICE restarts"}}},
		{Title: "Own packets come back", About: "1: the last packet that the server sent to its own address arrived. 0 behind a router that does not lead back inside says nothing.", Unit: "none", Lines: []Line{
			{`max by (instance, protocol, address) ((redial_sfu_probe_answered_timestamp_seconds{@} - redial_sfu_probe_sent_timestamp_seconds{@}) >= bool -1)`, "{{address}} {{protocol}}"}}},
	}},
}}

var failures = Dashboard{"failures", "Redial: failures", "What went wrong, why, and whether the record of it is complete.", []Row{
	{"Failures", []Panel{
		{Title: "By type", About: "Stored events that nobody provoked, in an hour.", Unit: "none", Lines: []Line{{`sum by (type) (increase(redial_events_stored_total{injected="false",@}[1h]))`, "{{type}}"}}},
		{Title: "By fault", About: "The ten most frequent, in an hour.", Unit: "none", Lines: []Line{{`topk(10, sum by (fault) (increase(redial_events_stored_total{injected="false",@}[1h])))`, "{{fault}}"}}},
		{Title: "Failed joins", About: "Part of all joins, in an hour.", Unit: "percentunit", Lines: []Line{
			{`sum(increase(redial_events_stored_total{type="client.join.failed",injected="false",@}[1h])) / (sum(increase(redial_events_stored_total{type="client.join.failed",injected="false",@}[1h])) + sum(increase(redial_signal_joins_total{@}[1h])))`, "failed"}}},
	}},
	{"Causes", []Panel{
		{Title: "By cause", About: "Verdicts, in an hour; they come two minutes after the failure.", Unit: "none", Needs: "failures that are two minutes old", Lines: []Line{{`sum by (cause) (increase(redial_diagnoses_total{injected="false",@}[1h]))`, "{{cause}}"}}},
		{Title: "How sure", About: "Verdicts, in an hour.", Unit: "none", Needs: "failures that are two minutes old", Lines: []Line{{`sum by (confidence) (increase(redial_diagnoses_total{injected="false",@}[1h]))`, "{{confidence}}"}}},
		{Title: "Without a verdict", About: "Failures that wait, and for how long the oldest has been due.", Unit: "none", Lines: []Line{
			{`sum(redial_diagnoses_waiting{@})`, "waiting"}, {`max(redial_diagnoses_behind_seconds{@})`, "seconds behind"}}},
	}},
	{"Who told", []Panel{
		{Title: "Halves", About: "Events by who told them, and accounts of what was stored already. Without any of clients their reports do not arrive.", Unit: "none", Lines: []Line{
			{`sum by (source) (increase(redial_events_stored_total{injected="false",@}[1h]))`, "{{source}}"}, {`sum by (what) (increase(redial_events_known_total{@}[1h]))`, "{{what}}"}}},
		{Title: "Devices", About: "What clients' own devices told.", Unit: "none", Needs: "reports of witness.js", Lines: []Line{{`sum by (what) (increase(redial_events_witness_total{@}[1h]))`, "{{what}}"}}},
		{Title: "Provoked on purpose", About: "On a server that is for testing.", Unit: "none", Needs: "inject.enabled", Lines: []Line{{`sum by (fault) (increase(redial_inject_effects_total{@}[1h]))`, "{{fault}}"}}},
	}},
	{"The record", []Panel{
		{Title: "Time to store", About: "One transaction, flush to disk included; median and 99th percentile.", Unit: "s", Lines: []Line{
			{`histogram_quantile(0.5, sum by (le) (rate(redial_events_append_seconds_bucket{@}[$__rate_interval])))`, "median"}, {`histogram_quantile(0.99, sum by (le) (rate(redial_events_append_seconds_bucket{@}[$__rate_interval])))`, "99th percentile"}}},
		{Title: "Lost or refused", About: "Events that could not be stored, or were beyond a quota.", Unit: "none", Needs: "a loss or a refusal", Lines: []Line{
			{`sum by (fault) (increase(redial_events_dropped_total{@}[1h]))`, "lost: {{fault}}"}, {`sum by (limit) (increase(redial_events_refused_total{@}[1h]))`, "refused: {{limit}}"}}},
		{Title: "Size of the store", About: "And what was removed because of it.", Unit: "bytes", Lines: []Line{{`sum by (instance) (redial_events_store_bytes{@})`, "{{instance}}"}}},
		{Title: "ClickHouse", About: "Events in the spool, and times that ClickHouse did not take them.", Unit: "none", Needs: "events.store: clickhouse", Lines: []Line{
			{`sum by (instance) (redial_events_spool_events{@})`, "{{instance}} in the spool"}, {`sum(increase(redial_events_ship_failures_total{@}[1h]))`, "failures in an hour"}}},
	}},
	{"Sent on", []Panel{
		{Title: "Webhooks", About: "Requests, by what came of them.", Unit: "ops", Needs: "webhooks", Lines: []Line{{`sum by (hook, outcome) (rate(redial_webhook_attempts_total{@}[$__rate_interval]))`, "{{hook}} {{outcome}}"}}},
		{Title: "State of webhooks", About: "0 working, 1 failing, 2 paused.", Unit: "none", Needs: "webhooks", Lines: []Line{{`max by (hook) (redial_webhook_state_code{@})`, "{{hook}}"}}},
		{Title: "OpenTelemetry", About: "Events sent to the collector.", Unit: "ops", Needs: "otlp.endpoint", Lines: []Line{{`sum by (outcome) (rate(redial_otlp_records_total{@}[$__rate_interval]))`, "{{outcome}}"}}},
	}},
}}

var turn = Dashboard{"turn", "Redial: TURN", "Relays for clients that reach nothing else.", []Row{
	{"Relays", []Panel{
		{Title: "Relays", About: "At once, and how many there may be.", Unit: "none", Lines: []Line{{`sum by (instance) (redial_turn_relays{@})`, "{{instance}}"}, {`sum by (instance) (redial_turn_relays_max{@})`, "{{instance}} at most"}}},
		{Title: "Made, by what the client came over", About: "In a second. Much of `tls`: clients behind firewalls.", Unit: "ops", Lines: []Line{{`sum by (over) (rate(redial_turn_allocations_total{@}[$__rate_interval]))`, "{{over}}"}}},
		{Title: "Relayed", About: "From clients and to them.", Unit: "bps", Lines: []Line{
			{`8 * sum(rate(redial_turn_received_bytes_total{@}[$__rate_interval]))`, "from clients"}, {`8 * sum(rate(redial_turn_sent_bytes_total{@}[$__rate_interval]))`, "to clients"}}},
	}},
	{"Refused", []Panel{
		{Title: "Error responses", About: "By code (RFC 8656). 401 is the first answer to everybody, 486 a quota, 403 an address that is not reached.", Unit: "ops", Lines: []Line{{`sum by (code) (rate(redial_turn_refusals_total{@}[$__rate_interval]))`, "{{code}}"}}},
		{Title: "Credentials", About: "Expired and wrong ones.", Unit: "ops", Lines: []Line{
			{`sum(rate(redial_turn_expired_credentials_total{@}[$__rate_interval]))`, "expired"}, {`sum(rate(redial_turn_forged_credentials_total{@}[$__rate_interval]))`, "wrong"}}},
		{Title: "Dropped", About: "Beyond a bandwidth, or for elsewhere.", Unit: "pps", Lines: []Line{
			{`sum(rate(redial_turn_dropped_packets_total{@}[$__rate_interval]))`, "bandwidth"}, {`sum(rate(redial_turn_astray_packets_total{@}[$__rate_interval]))`, "elsewhere"}}},
		{Title: "Strangers", About: "Connections and requests that came to nothing.", Unit: "ops", Lines: []Line{
			{`sum(rate(redial_turn_connections_refused_total{@}[$__rate_interval]))`, "too many connections"}, {`sum(rate(redial_turn_unanswered_requests_total{@}[$__rate_interval]))`, "too many requests"},
			{`sum(rate(redial_turn_tls_failures_total{@}[$__rate_interval]))`, "TLS failed"}, {`sum(rate(redial_turn_undecided_connections_total{@}[$__rate_interval]))`, "said nothing"}}},
	}},
}}
