// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useId, useState } from "preact/hooks";
import { reference, referenceOfUser } from "../../../core/src/reference";
import { canRetry, explain, explainFully, retryWords, type Explanation } from "../faults";
import type { Problem } from "../problems";
import { advice, headline, standing } from "../user-words";
import { Icon } from "./icons";

export interface Remedy {
  label: string;
  run: () => void;
}

interface Props {
  problem: Problem;
  /** What a retry would do here, if anything. */
  remedy?: Remedy | null;
  /** Small, with the explanation folded away: the card lies over a call that goes on. */
  compact?: boolean;
  /** It is what the page is about: its title is a heading of the second level. */
  main?: boolean;
  /** The person was never inside, so there is no call that has ended. */
  outside?: boolean;
  onEvent: () => void;
  onDismiss?: () => void;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** One error: what it is called, what happened, what to do, and where it is recorded. */
export function ProblemCard({ problem, remedy, compact, main, outside, onEvent, onDismiss }: Props) {
  const Heading = main ? "h2" : "h3";
  const explanation = useExplanation(problem);
  const heading = useId();
  const ended = problem.terminal;
  const state = problem.status === "recovered" ? "recovered" : ended ? "terminal" : problem.status;
  return (
    <section
      class={compact ? "card compact" : "card"}
      role={compact ? "alert" : undefined}
      aria-labelledby={heading}
      data-testid="error-card"
      data-code={problem.code ?? ""}
      data-name={problem.name}
      data-terminal={ended}
      data-state={state}
      data-fault={explanation.id}
    >
      <header class="card-head">
        <span class="card-icon">
          <Icon name={problem.status === "recovered" ? "check" : "problems"} size={20} />
        </span>
        <div class="card-title">
          <Heading id={heading} data-testid="error-title">
            {headline(explanation)}
          </Heading>
          <p class="card-user" data-testid="error-user">
            {advice(problem, explanation)}
          </p>
        </div>
        {onDismiss && (
          <button type="button" class="button square quiet" data-testid="error-dismiss" aria-label="Dismiss" title="Dismiss" onClick={onDismiss}>
            <Icon name="close" size={18} />
          </button>
        )}
      </header>

      {!compact && !(ended && outside) && (
        <ul class="chips" aria-label="In short">
          <li class={ended && state !== "recovered" ? "chip bad" : "chip"} data-testid="error-terminal">
            {standing(problem)}
          </li>
          {problem.count > 1 && <li class="chip">{problem.count} times</li>}
        </ul>
      )}

      {remedy && canRetry(explanation.retry) && (problem.status === "open" || ended) && (
        <footer class="card-foot">
          <button type="button" class="button primary" data-testid="error-retry" onClick={remedy.run}>
            <Icon name="retry" size={18} /> {remedy.label}
          </button>
        </footer>
      )}

      <details class="card-more" data-testid="error-details">
        <summary>
          For developers
          {problem.status !== "recovered" && referenceFor(problem) && (
            <span class="card-reference" title="Read this out when you ask for help">
              {" "}
              Reference <b data-testid="error-reference">{referenceFor(problem)}</b>
            </span>
          )}
        </summary>
        <Text problem={problem} explanation={explanation} main={main} />
        <button type="button" class="button" data-testid="error-event" aria-haspopup="dialog" onClick={onEvent}>
          <Icon name="record" size={18} /> Recorded event
        </button>
      </details>
    </section>
  );
}

/** What to read out so that the failure is found; "" where nothing is known of who failed. */
function referenceFor({ peerId, roomId, userId }: Problem): string {
  return peerId ? reference(peerId) : roomId ? referenceOfUser(roomId, userId) : "";
}

/** What those who make the app want to know. */
function Text({ problem, explanation, main }: { problem: Problem; explanation: Explanation; main: boolean | undefined }) {
  const Heading = main ? "h3" : "h4";
  const happened = [explanation.what, explanation.why].filter(Boolean);
  const said = [problem.message, problem.message.includes(problem.description) ? "" : problem.description].filter(Boolean);
  return (
    <div class="card-text">
      <section>
        <Heading data-testid="error-fault-title">{explanation.title}</Heading>
        <p class="card-code">
          {problem.code !== null && <code data-testid="error-code">{problem.code}</code>}
          <code data-testid="error-name">{problem.name}</code>
          {explanation.id && <code data-testid="error-fault">{explanation.id}</code>}
          <time dateTime={problem.lastAt.toISOString()}>{clock.format(problem.lastAt)}</time>
        </p>
        <p class="card-code" data-testid="error-retry-advice">
          {problem.terminal ? "Terminal" : "Not terminal"}. {retryWords[explanation.retry]}.
        </p>
      </section>
      {happened.length > 0 && (
        <section data-testid="error-what">
          <Heading>What happened</Heading>
          {happened.map((text) => (
            <Prose key={text} text={text} />
          ))}
        </section>
      )}
      {explanation.fix && (
        <section data-testid="error-fix">
          <Heading>What to do</Heading>
          <Prose text={explanation.fix} />
        </section>
      )}
      {explanation.others.length > 0 && (
        <details class="card-more" data-testid="error-others">
          <summary>What else the code can mean</summary>
          <ul class="card-others">
            {explanation.others.map((title) => (
              <li key={title}>{title}</li>
            ))}
          </ul>
        </details>
      )}
      {said.length > 0 && (
        <section data-testid="error-message">
          <Heading>What the SDK says{problem.action ? ` (${problem.action})` : ""}</Heading>
          {said.map((text) => (
            <p key={text} class="said">
              {text}
            </p>
          ))}
        </section>
      )}
    </div>
  );
}

/** The catalogue's prose; `names` in it are code. */
function Prose({ text }: { text: string }) {
  return <p>{text.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</p>;
}

function useExplanation(problem: Problem): Explanation {
  const [explanation, set] = useState(() => explain(problem));
  useEffect(() => {
    let wanted = true;
    set(explain(problem));
    void explainFully(problem).then((full) => wanted && set(full));
    return () => void (wanted = false);
  }, [problem.code, problem.name, problem.action, problem.fault]);
  return explanation;
}
