// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The same failure on a test participant of the server's own, beside the one that
// somebody had.
import { useEffect, useState } from "preact/hooks";
import { asRefusal, at, call, serverNow, type Refusal } from "./api";
import { lookAgain } from "./injected";
import { At, Problem, Shown } from "./parts";
import { safe } from "./safe";
import { useAsk, useClock } from "./state";

interface Fact { from: string; fact: string; hers?: string; test?: string; result: string }

interface Reproduction {
  title?: string;
  about?: string;
  why_not?: string;
  state?: "running" | "done" | "stopped" | "failed";
  ends?: string;
  problem?: string;
  steps?: { at: string; says: string }[];
  got_in?: boolean;
  means?: string;
  facts?: Fact[];
}

const every = 1000; // ms between looks at one that runs

/** What would be done, a button that does it, and what came of it. */
export function ShowMe({ id }: { id: string }) {
  const path = at`/api/v1/events/${id}/reproduction`;
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<Refusal>();
  const asked = useAsk("reproduction " + id, (signal) => call<Reproduction>("GET", path, undefined, signal), running ? every : 0);
  useEffect(() => {
    if (asked.data) setRunning(asked.data.state === "running");
  }, [asked.data]);
  const tell = async (method: string) => {
    setError(undefined);
    await call(method, path, method === "POST" ? {} : undefined).catch((e: unknown) => setError(asRefusal(e)));
    asked.again();
    lookAgain();
  };
  return (
    <section class="show" aria-label="Show me">
      <h2>The same on a test participant</h2>
      {error && <Problem error={error} again={() => setError(undefined)} />}
      <Shown of={asked} rows={2}>
        {(r) => (
          <>
            <p>{safe(r.why_not ? "It cannot be shown: " + r.why_not : r.about ?? "", 600)}</p>
            {!r.why_not && <p class="muted">It is done in a room of its own, which is removed after. Nobody else is in it.</p>}
            <p class="actions tight">
              {r.state === "running"
                ? <><button class="danger" onClick={() => void tell("DELETE")}>Stop</button> <Left ends={r.ends!} /></>
                : !r.why_not && <button class="strong" onClick={() => void tell("POST")}>{r.state ? "Do it again" : "Do it"}</button>}
            </p>
            {!!r.steps?.length && <ul class="facts">{r.steps.map((s, i) => <li key={i}><At at={s.at} short /> {safe(s.says, 300)}</li>)}</ul>}
            {r.state && r.state !== "running" && (
              <p role="status"><strong>{r.state === "stopped" ? "It was stopped." : r.state === "failed" ? "It could not be made: " + safe(r.problem ?? "", 400) : safe(r.means ?? "", 400)}</strong></p>
            )}
            {!!r.facts?.length && <Facts of={r.facts} />}
          </>
        )}
      </Shown>
    </section>
  );
}

/** How long it goes on at most. */
function Left({ ends }: { ends: string }) {
  const now = useClock(true, serverNow, 1000);
  return <span role="timer">{Math.max(0, Math.ceil((Date.parse(ends) - now) / 1000))} s left at most</span>;
}

const marks: Record<string, [string, string]> = { same: ["✓", "good"], differs: ["✕", "bad"] };

/** Both records, fact by fact; what differs comes first. */
function Facts({ of }: { of: Fact[] }) {
  const order = (f: Fact) => ["differs", "only hers", "only the test's", "same"].indexOf(f.result);
  const same = of.filter((f) => f.result === "same").length;
  return (
    <>
      <p class="muted">{same === of.length ? `All ${same} facts are the same.` : `${same} of ${of.length} facts are the same.`}</p>
      <div class="scroll">
        <table class="cards">
          <caption class="hidden">Both records, fact by fact</caption>
          <thead><tr><th>Fact</th><th>Hers</th><th>The test's</th><th>Compared</th></tr></thead>
          <tbody>
            {[...of].sort((a, b) => order(a) - order(b)).map((f, i) => {
              const [mark, kind] = marks[f.result] ?? ["?", ""];
              return (
                <tr key={i}>
                  <th data-name="Fact">{safe(f.fact, 120)} <span class="muted">{f.from}</span></th>
                  <td data-name="Hers">{safe(f.hers || "–", 300)}</td>
                  <td data-name="The test's">{safe(f.test || "–", 300)}</td>
                  <td data-name="Compared"><span class={"mark " + kind} aria-hidden="true">{mark}</span> {f.result}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
