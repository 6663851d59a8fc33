// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useState } from "preact/hooks";
import { EventsRefused, eventsCurl, findEvents, isAbout, type RecordedEvent } from "../events";
import { managementToken, setManagementToken } from "../link";
import type { Problem } from "../problems";
import { Dialog } from "./dialog";
import { Icon } from "./icons";

const retryAfter = [0, 1500, 3000, 5000]; // ms; a report needs a moment to arrive

/** What the server recorded about a problem. */
export function EventsDialog({ problem, onClose }: { problem: Problem; onClose: () => void }) {
  const [token, setToken] = useState(managementToken);
  return (
    <Dialog title="Recorded events" wide testid="event-dialog" onClose={onClose}>
      {token ? <Found problem={problem} token={token} onRefused={() => (setManagementToken(""), setToken(""))} /> : <AskForToken onToken={(t) => (setManagementToken(t), setToken(t))} />}
      <section class="event-curl">
        <h3>From a terminal</h3>
        <p class="hint">The same query, for any machine that may reach this server.</p>
        <Copyable text={eventsCurl(problem)} label="Copy the command" />
      </section>
    </Dialog>
  );
}

function Found({ problem, token, onRefused }: { problem: Problem; token: string; onRefused: () => void }) {
  const [events, setEvents] = useState<RecordedEvent[] | null>(null);
  const [refused, setRefused] = useState<EventsRefused | null>(null);
  const [round, setRound] = useState(0);

  useEffect(() => {
    let wanted = true;
    const look = async () => {
      setRefused(null);
      for (const delay of retryAfter) {
        await new Promise((done) => setTimeout(done, delay));
        if (!wanted) return;
        try {
          const found = await findEvents(problem, token);
          if (!wanted) return;
          setEvents(found);
          if (found.some((e) => isAbout(problem, e)) || problem.code === null) return;
        } catch (error) {
          if (wanted) setRefused(error as EventsRefused);
          return;
        }
      }
    };
    void look();
    return () => void (wanted = false);
  }, [problem.id, token, round]);

  const again = (
    <button type="button" class="button" data-testid="event-again" onClick={() => setRound(round + 1)}>
      <Icon name="retry" size={18} /> Look again
    </button>
  );
  if (refused) {
    return (
      <div class="nothing" data-testid="event-refused">
        <Icon name="problems" size={32} />
        <p>{refused.message}</p>
        <p>
          {again}{" "}
          {(refused.status === 401 || refused.status === 403) && (
            <button type="button" class="button" onClick={onRefused}>
              Use another token
            </button>
          )}
        </p>
      </div>
    );
  }
  if (events === null) {
    return (
      <div class="nothing" role="status">
        <span class="spinner" />
        <p>Asking the server…</p>
      </div>
    );
  }
  if (events.length === 0) {
    return (
      <div class="nothing" data-testid="event-none">
        <Icon name="record" size={32} />
        <p>Nothing is recorded for this error.</p>
        <p>The SDK does not report every error, and a report that could not be delivered is sent with the next join.</p>
        <p>{again}</p>
      </div>
    );
  }
  return (
    <ol class="events" data-testid="events">
      {events.map((event, i) => (
        <li key={event.id}>
          <Recorded event={event} about={isAbout(problem, event)} open={i === 0} />
        </li>
      ))}
    </ol>
  );
}

function Recorded({ event, about, open }: { event: RecordedEvent; about: boolean; open: boolean }) {
  const data = event.data;
  const facts: [string, unknown][] = [
    ["Fault", event.redial?.fault],
    ["Error", [data.error_code, data.error_name].filter(Boolean).join(" ")],
    ["Message", data.error_message],
    ["Description", data.error_description],
    ["Peer", [data.user_name, data.peer_id].filter(Boolean).join(" · ")],
    ["Role", data.role],
    ["Room", [data.room_name, data.room_id].filter(Boolean).join(" · ")],
    ["Session", data.session_id],
    ["Told by", event.redial?.source === "both" ? "client and server" : event.redial?.source],
    ["Client", (data.agent as { string?: string } | undefined)?.string],
  ];
  return (
    <details class="event" open={open} data-testid="event" data-type={event.type} data-code={String(data.error_code ?? "")} data-about={about}>
      <summary>
        <code>{event.type}</code>
        <code class="event-code">{String(data.error_code ?? "")}</code>
        <time dateTime={event.timestamp}>{new Date(event.timestamp).toLocaleString()}</time>
      </summary>
      <dl>
        {facts
          .filter(([, value]) => value !== undefined && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
      </dl>
      <details class="event-raw">
        <summary>As it is stored</summary>
        <Copyable text={JSON.stringify(event, null, 2)} label="Copy the event" />
      </details>
    </details>
  );
}

function AskForToken({ onToken }: { onToken: (token: string) => void }) {
  const [text, setText] = useState("");
  return (
    <form
      class="event-token"
      onSubmit={(e) => {
        e.preventDefault();
        if (text.trim()) onToken(text.trim());
      }}
    >
      <p>
        Events are for those who run the server: reading them takes a management token. <code>redial dev</code> prints one; <code>redial token management</code> mints one.
      </p>
      <label class="field">
        <span>Management token</span>
        <input data-testid="management-token" type="password" autocomplete="off" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} />
        <small>It is kept in this tab only.</small>
      </label>
      <button type="submit" class="button primary" disabled={!text.trim()}>
        Look it up
      </button>
    </form>
  );
}

export function Copyable({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      // The text is there to be selected by hand.
    }
  };
  return (
    <div class="copyable">
      <pre tabIndex={0}>{text}</pre>
      <button type="button" class="button square quiet" aria-label={copied ? "Copied" : label} title={copied ? "Copied" : label} onClick={() => void copy()}>
        <Icon name={copied ? "check" : "copy"} size={18} />
      </button>
    </div>
  );
}
