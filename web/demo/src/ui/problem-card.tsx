// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useId, useState } from "preact/hooks";
import { canRetry, explain, explainFully, retryWords, type Explanation } from "../faults";
import type { Problem } from "../problems";
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
  onEvent: () => void;
  onDismiss?: () => void;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** One error: what it is called, what happened, what to do, and where it is recorded. */
export function ProblemCard({ problem, remedy, compact, main, onEvent, onDismiss }: Props) {
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
            {explanation.title}
          </Heading>
          <p class="card-code">
            {problem.code !== null && <code data-testid="error-code">{problem.code}</code>}
            <code data-testid="error-name">{problem.name}</code>
            {!compact && explanation.id && <code data-testid="error-fault">{explanation.id}</code>}
            {!compact && <time dateTime={problem.lastAt.toISOString()}>{clock.format(problem.lastAt)}</time>}
          </p>
        </div>
        {onDismiss && (
          <button type="button" class="button square quiet" data-testid="error-dismiss" aria-label="Dismiss" title="Dismiss" onClick={onDismiss}>
            <Icon name="close" size={18} />
          </button>
        )}
      </header>

      <ForUser problem={problem} explanation={explanation} />

      <ul class="chips" aria-label="In short">
        <li class={ended ? "chip bad" : "chip"} data-testid="error-terminal">
          {state === "recovered" ? "Recovered by itself" : ended ? "Terminal" : problem.status === "retrying" ? "The SDK is trying again" : "Not terminal"}
        </li>
        {state !== "recovered" && (
          <li class="chip" data-testid="error-retry-advice">
            {retryWords[explanation.retry]}
          </li>
        )}
        {problem.count > 1 && <li class="chip">{problem.count} times</li>}
      </ul>

      {compact ? (
        <details class="card-more">
          <summary>What happened and what to do</summary>
          <Text problem={problem} explanation={explanation} main={main} />
        </details>
      ) : (
        <Text problem={problem} explanation={explanation} main={main} />
      )}

      <footer class="card-foot">
        {remedy && canRetry(explanation.retry) && (problem.status === "open" || ended) && (
          <button type="button" class="button primary" data-testid="error-retry" onClick={remedy.run}>
            <Icon name="retry" size={18} /> {remedy.label}
          </button>
        )}
        <button type="button" class="button" data-testid="error-event" aria-haspopup="dialog" onClick={onEvent}>
          <Icon name="record" size={18} /> Recorded event
        </button>
      </footer>
    </section>
  );
}

/** What the person in front of the page should know. */
function ForUser({ problem, explanation }: { problem: Problem; explanation: Explanation }) {
  // The text of what passes by itself speaks of going on, which is wrong once it was the end.
  const gaveUp = problem.terminal && explanation.passes && explanation.retry !== "never";
  const text =
    problem.status === "recovered"
      ? ""
      : problem.status === "retrying" && !problem.terminal
        ? "The page is trying to get back in by itself."
        : gaveUp
          ? "It did not recover in time. Please join again."
          : explanation.user;
  return text ? (
    <p class="card-user" data-testid="error-user">
      {text}
    </p>
  ) : null;
}

function Text({ problem, explanation, main }: { problem: Problem; explanation: Explanation; main: boolean | undefined }) {
  const Heading = main ? "h3" : "h4";
  const happened = [explanation.what, explanation.why].filter(Boolean);
  const said = [problem.message, problem.message.includes(problem.description) ? "" : problem.description].filter(Boolean);
  return (
    <div class="card-text">
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
  }, [problem.code, problem.name, problem.action]);
  return explanation;
}
