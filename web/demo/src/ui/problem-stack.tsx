// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../problems";
import { EventsDialog } from "./events-dialog";
import { useCall, useCell } from "./hooks";
import { Icon } from "./icons";
import { ProblemCard } from "./problem-card";
import { remedyFor } from "./remedy";

const shownAtOnce = 2;
const goneAfter = 8000; // ms, once recovered

/** New errors, over the call, until they are dismissed or over. */
export function ProblemStack({ onAll }: { onAll?: () => void }) {
  const call = useCall();
  const all = useCell(call.problems.list);
  const [event, setEvent] = useState<Problem | null>(null);
  const open = all.filter((p) => !p.dismissed);
  const shown = open.slice(0, shownAtOnce);
  return (
    <>
      <div class="stack" data-testid="error-stack">
        {shown.map((problem) => (
          <Item key={problem.id} problem={problem} onEvent={() => setEvent(problem)} />
        ))}
        {open.length > shown.length && onAll && (
          <button type="button" class="button" onClick={onAll}>
            {open.length - shown.length} more
          </button>
        )}
      </div>
      {event && <EventsDialog problem={event} onClose={() => setEvent(null)} />}
    </>
  );
}

function Item({ problem, onEvent }: { problem: Problem; onEvent: () => void }) {
  const call = useCall();
  const dismiss = () => call.problems.edit(problem.id, { dismissed: true });
  useEffect(() => {
    if (problem.status !== "recovered") return;
    const timer = setTimeout(dismiss, goneAfter);
    return () => clearTimeout(timer);
  }, [problem.status, problem.lastAt]);
  return <ProblemCard compact problem={problem} remedy={remedyFor(call, problem)} onEvent={onEvent} onDismiss={dismiss} />;
}

/** Everything that went wrong in this call. */
export function ProblemPanel() {
  const call = useCall();
  const all = useCell(call.problems.list);
  const [event, setEvent] = useState<Problem | null>(null);
  return (
    <div class="panel-body problems">
      {all.length === 0 && (
        <div class="nothing" data-testid="errors-empty">
          <Icon name="check" size={32} />
          <p>Nothing went wrong so far.</p>
          <p>Every error of the SDK is listed here, with what it means and what was recorded.</p>
        </div>
      )}
      {all.map((problem) => (
        <ProblemCard key={problem.id} problem={problem} remedy={remedyFor(call, problem)} onEvent={() => setEvent(problem)} />
      ))}
      {event && <EventsDialog problem={event} onClose={() => setEvent(null)} />}
    </div>
  );
}
