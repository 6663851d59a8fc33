// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useState } from "preact/hooks";
import { readToken, type Link } from "../link";
import { tokenForCode, CodeRefused } from "../rooms";
import { Icon, Mark } from "./icons";

/** Asks for a room code or a token. */
export function Entry({ link, refused, onToken }: { link: Link; refused: string; onToken: (token: string) => void }) {
  const [text, setText] = useState(link.code);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(refused);

  const go = async (event: Event) => {
    event.preventDefault();
    const typed = fromPasted(text.trim());
    if (typed === "" || busy) return;
    if (readToken(typed)) return onToken(typed);
    if (typed.split(".").length === 3) return setProblem("This looks like a token, but it cannot be read. Was it copied whole?");
    setBusy(true);
    setProblem("");
    try {
      onToken(await tokenForCode(typed));
    } catch (error) {
      setProblem(error instanceof CodeRefused ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="page narrow" data-testid="entry">
      <header class="brand">
        <Mark size={40} />
        <span>Redial</span>
      </header>
      <h1>Join a call</h1>
      <p class="lead">
        {link.room ? (
          <>
            You were invited to room <code>{link.room}</code>
            {link.role && (
              <>
                {" "}
                as <code>{link.role}</code>
              </>
            )}
            . Enter its code or your token.
          </>
        ) : (
          "Enter the code of a room, or paste a token."
        )}
      </p>
      <form class="entry-form" onSubmit={(e) => void go(e)}>
        <label class="field">
          <span>Room code or token</span>
          <input
            data-testid="code-input"
            autofocus
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="abc-defg-hij"
            aria-invalid={problem !== ""}
            aria-describedby="entry-problem"
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary large" data-testid="continue" disabled={text.trim() === "" || busy}>
          {busy ? <span class="spinner" /> : null} Continue
        </button>
        <p class="form-problem" id="entry-problem" role="alert" data-testid="entry-problem">
          {problem && (
            <>
              <Icon name="problems" size={18} /> {problem}
            </>
          )}
        </p>
      </form>
      <aside class="note">
        <p>
          Running this server yourself? <code>redial dev</code> prints join links that need no code.
        </p>
      </aside>
    </main>
  );
}

/** People paste whole links too. */
function fromPasted(text: string): string {
  const hash = text.indexOf("#");
  if (!/^https?:\/\//.test(text) || hash < 0) return text;
  const fields = new URLSearchParams(text.slice(hash + 1));
  return fields.get("token") ?? fields.get("code") ?? text;
}
