// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Whether the server itself is well.
import { call } from "../api";
import { Shown, Title } from "../parts";
import { safe } from "../safe";
import { useAsk } from "../state";

export function Health() {
  const asked = useAsk("health", (signal) => call<Record<string, unknown>>("GET", "/api/v1/health", undefined, signal), 30_000);
  return (
    <>
      <Title name="Health">Health</Title>
      <Shown of={asked}>{(h) => <Tree of={h} />}</Shown>
    </>
  );
}

/** A report, as what it is made of. */
function Tree({ of }: { of: unknown }) {
  if (Array.isArray(of)) return of.length ? <ul>{of.map((one, i) => <li key={i}><Tree of={one} /></li>)}</ul> : <>none</>;
  if (of && typeof of === "object") {
    return <dl class="entry">{Object.entries(of).map(([name, value]) => <><dt key={name}>{name.replaceAll("_", " ")}</dt><dd><Tree of={value} /></dd></>)}</dl>;
  }
  return <>{typeof of === "string" ? safe(of, 400) : String(of)}</>;
}
