// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A link that is made for somebody else, to be sent to them.
import type { ComponentChild, ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Refusal } from "./api";
import { At, Copy, Problem } from "./parts";

/** A page that somebody can be sent. */
export interface Link { url: string; expires_at: string }

interface Props {
  name: string; // of the field that holds the link
  button: (make: () => void) => ComponentChild;
  make: () => Promise<Link>;
  children: (until: ComponentChild) => ComponentChildren; // what it is, and until when
}

/** A button that makes a link; then the link, in English or German. */
export function MakeLink({ name, button, make, children }: Props) {
  const [link, setLink] = useState<Link>();
  const [error, setError] = useState<Refusal>();
  const [german, setGerman] = useState(false);
  if (error) return <Problem error={error} again={() => setError(undefined)} />;
  if (!link) return <>{button(() => void make().then(setLink, setError))}</>;
  const url = link.url + (german ? "?lang=de" : "");
  return (
    <div class="share">
      <label for={name}>{children(<At at={link.expires_at} />)}</label>
      <div>
        <input id={name} readOnly value={url} onFocus={(e) => e.currentTarget.select()} />
        <Copy text={url} label="Copy" />
      </div>
      <label><input type="checkbox" checked={german} onChange={(e) => setGerman(e.currentTarget.checked)} /> in German</label>
    </div>
  );
}
