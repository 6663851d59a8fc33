// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useRef, useState } from "preact/hooks";
import { endedReason, removedReason, type Over } from "../call";
import { canRetry, explain } from "../faults";
import type { Problem } from "../problems";
import { EventsDialog } from "./events-dialog";
import { useCall, useCell } from "./hooks";
import { Icon, Mark } from "./icons";
import { ProblemCard } from "./problem-card";

/** After the call: how it ended, and what next. */
export function Ended({ over, joined, onAgain, onOther }: { over: Over; joined: boolean; onAgain: () => void; onOther: () => void }) {
  const call = useCall();
  const all = useCell(call.problems.list);
  const [event, setEvent] = useState<Problem | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const problem = over.problem ? (all.find((p) => p.id === over.problem!.id) ?? over.problem) : null;
  const others = all.filter((p) => p.id !== problem?.id);
  const again = problem === null || canRetry(explain(problem).retry);
  return (
    <main class="page narrow" data-testid="ended" data-reason={over.reason}>
      <header class="brand">
        <Mark />
        <span>Redial</span>
      </header>
      <h1 ref={heading} tabIndex={-1} data-testid="ended-title">
        {title(over, joined)}
      </h1>
      {text(over) && <p class="lead">{text(over)}</p>}
      {problem && <ProblemCard main outside={!joined} problem={problem} remedy={{ label: joined ? "Join again" : "Try again", run: onAgain }} onEvent={() => setEvent(problem)} />}
      <div class="ended-actions">
        {!problem && again && over.reason !== "removed" && (
          <button type="button" class="button primary large" data-testid="rejoin" onClick={onAgain}>
            <Icon name="retry" size={18} /> Join again
          </button>
        )}
        <button type="button" class="button large" data-testid="other-call" onClick={onOther}>
          Join another call
        </button>
      </div>
      {others.length > 0 && (
        <section class="ended-others">
          <h2>Earlier in this call</h2>
          {others.map((p) => (
            <ProblemCard key={p.id} compact problem={p} onEvent={() => setEvent(p)} />
          ))}
        </section>
      )}
      {event && <EventsDialog problem={event} onClose={() => setEvent(null)} />}
    </main>
  );
}

function title(over: Over, joined: boolean): string {
  switch (over.reason) {
    case "left":
      return "You left the call";
    case "removed":
      return "You were removed";
    case "ended":
      return "The call was ended";
    case "failed":
      return joined ? "The call broke off" : "You could not join";
  }
}

function text(over: Over): string {
  const who = over.by === "you" ? "You" : over.by || "The server";
  const act = over.reason === "removed" ? `${who} removed you.` : over.reason === "ended" ? `${who} ended it for everybody.` : "";
  const reason = over.text === endedReason || over.text === removedReason ? "" : over.text;
  return [act, reason].filter(Boolean).join(" ");
}
