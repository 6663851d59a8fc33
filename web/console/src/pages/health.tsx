// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Whether the server itself is well, as it knows itself.
import type { ComponentChildren } from "preact";
import { call } from "../api";
import { At, Shown, Title } from "../parts";
import { safe } from "../safe";
import { useAsk } from "../state";
import { length } from "../time";
import { plural } from "../words";

interface Health {
  at: string;
  ready: boolean;
  checks: Record<string, string>;
  process: {
    version?: string; started: string; stall_ms?: number; stall_at?: string; clock_step_ms?: number; clock_step_at?: string;
    files?: number; max_files?: number; events_waiting?: number; udp_lost?: number;
  } | null;
  media: { protocol: string; address: string; through: number; networks: number; failed?: number; probed?: string; answered?: string; advertised?: boolean; judged?: string }[] | null;
  disk: { free: number; size: number } | null;
  certificates: { domain: string; ends: string }[] | null;
  keys: { access_key: string; last_used: string | null }[] | null;
  webhooks: Record<string, unknown>[] | null;
  witness: { since: string; total: number; looked: number; client: number; device: number } | null;
}


export function Health() {
  const asked = useAsk("health", (signal) => call<Health>("GET", "/api/v1/health", undefined, signal), 30_000);
  return (
    <>
      <Title name="Health">Health</Title>
      <Shown of={asked}>{(h) => <Report h={h} />}</Shown>
    </>
  );
}

const bytes = (n: number) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : `${(n / 1e6).toFixed(0)} MB`);
const share = (part: number, of: number) => `${Math.round((part / of) * 100)} %`;

/** Something that is well or is not: a mark and a word beside the colour. */
function Line({ name, bad, children }: { name: string; bad?: boolean; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{bad !== undefined && <span class={"mark " + (bad ? "bad" : "good")}>{bad ? "✕ " : "✓ "}</span>}{children}</dd>
    </>
  );
}

function Report({ h }: { h: Health }) {
  const w = h.witness, p = h.process, soon = (at: string) => Date.parse(at) - Date.parse(h.at) < 14 * 86_400_000;
  return (
    <>
      <p class={"large " + (h.ready ? "good" : "")}>{h.ready ? "The server is ready" : "The server is not ready"}</p>
      <p class="muted">As of <At at={h.at} />, asked again every 30 s.</p>
      <div class="boxes">
        <section>
          <h2>Checks</h2>
          <dl class="entry">{Object.entries(h.checks).map(([name, says]) => <Line key={name} name={name.replaceAll("_", " ")} bad={says !== "ok"}>{safe(says, 300)}</Line>)}</dl>
        </section>
        <section>
          <h2>Heard from the clients' side</h2>
          {!w ? <p class="muted">Not known.</p> : w.total === 0 ? <p>Nothing failed in a day.</p> : (
            <>
              <p>
                Of {w.looked < w.total ? `the last ${w.looked} of ${w.total}` : w.total} failures since <At at={w.since} />, clients told of {w.client} ({share(w.client, w.looked)}), and {w.device} ({share(w.device, w.looked)}) say what the device knew.
              </p>
              {w.device / w.looked < 0.5 && <p class="muted">What only their device knows, no rule can find without it: load <code>/witness.js</code> in the app's page.</p>}
            </>
          )}
        </section>
        <section>
          <h2>Addresses for media</h2>
          {!h.media?.length && <p class="muted">None.</p>}
          <dl class="entry">
            {h.media?.map((m, i) => (
              <Line key={i} name={`${m.protocol} ${safe(m.address, 60)}`} bad={m.judged && m.judged !== "good" ? true : m.answered || m.through ? false : undefined}>
                {m.through} came up from {plural(m.networks, "network")}{!!m.failed && `, ${m.failed} did not`}
                {m.answered ? <> · answered itself <At at={m.answered} short /></> : m.probed && <> · asked itself <At at={m.probed} short />, without an answer</>}
                {m.judged && m.judged !== "good" && ` · ${m.judged}`}{m.advertised && " · by a setting"}
              </Line>
            ))}
          </dl>
        </section>
        {p && (
          <section>
            <h2>Process</h2>
            <dl class="entry">
              <Line name="version">{safe(p.version ?? "not told", 60)}, since <At at={p.started} /></Line>
              <Line name="stalls" bad={!!p.stall_ms}>{p.stall_ms ? <>stood still for {length(p.stall_ms)}{p.stall_at && <>, until <At at={p.stall_at} /></>}</> : "none"}</Line>
              <Line name="clock" bad={!!p.clock_step_ms}>{p.clock_step_ms ? <>was set by {p.clock_step_ms < 0 ? "−" : "+"}{length(Math.abs(p.clock_step_ms))}{p.clock_step_at && <> <At at={p.clock_step_at} /></>}</> : "was not set"}</Line>
              {p.files !== undefined && <Line name="files" bad={!!p.max_files && p.files > 0.8 * p.max_files}>{p.files}{p.max_files && ` of ${p.max_files}`}</Line>}
              {p.events_waiting !== undefined && <Line name="events that wait">{p.events_waiting}</Line>}
              <Line name="datagrams lost here" bad={!!p.udp_lost}>{p.udp_lost ?? 0}</Line>
            </dl>
          </section>
        )}
        <section>
          <h2>Disk, certificates, keys</h2>
          <dl class="entry">
            {h.disk && <Line name="disk" bad={h.disk.free < 0.05 * h.disk.size}>{bytes(h.disk.free)} free of {bytes(h.disk.size)}</Line>}
            {h.certificates?.map((c) => <Line key={c.domain} name={safe(c.domain, 80)} bad={soon(c.ends)}>ends <At at={c.ends} /></Line>)}
            {h.keys?.map((k) => <Line key={k.access_key} name={`key ${safe(k.access_key, 40)}`}>{k.last_used ? <>last used <At at={k.last_used} /></> : "not used since the start"}</Line>)}
          </dl>
        </section>
        <section>
          <h2>Webhooks</h2>
          {!h.webhooks?.length ? <p class="muted">None.</p> : h.webhooks.map((one, i) => <dl key={i} class="entry">{Object.entries(one).filter(([, v]) => v === null || typeof v !== "object").map(([name, v]) => <Line key={name} name={name.replaceAll("_", " ")}>{safe(String(v ?? "none"), 200)}</Line>)}</dl>)}
        </section>
      </div>
    </>
  );
}
