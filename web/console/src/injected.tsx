// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// While faults are provoked on this server, every page says so, and who may inject can stop them there.
import { useEffect, useState } from "preact/hooks";
import { at, call } from "./api";
import { useAsk, useShared } from "./state";
import { safe } from "./safe";

/** A fault that is provoked. */
interface Rule {
  id: string;
  fault: string;
  at: string;
  cause?: string;
  user?: string;
  role?: string;
  state: "waiting" | "running" | "done";
  ends: string;
}

export function Injected() {
  const { me, may, say } = useShared();
  const asked = useAsk((may("support") || may("inject")) && me.inject ? "injections" : null,
    (signal) => call<{ injections: Rule[] }>("GET", "/api/v1/injections", undefined, signal), 5000);
  const [now, tick] = useState(Date.now());
  const running = (asked.data?.injections ?? []).filter((i) => i.state !== "done");
  useEffect(() => {
    if (!running.length) return;
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running.length]);
  if (!running.length) return null;
  const stop = async (id: string) => {
    await call("DELETE", at`/api/v1/injections/${id}`).then(() => say("Stopped."), (error: unknown) => say(String(error)));
    asked.again();
  };
  return (
    <section class="injected" aria-label="Faults that are provoked now">
      {running.map((i) => {
        const left = Math.max(0, Math.round((Date.parse(i.ends) - now) / 1000));
        return (
          <p key={i.id}>
            <strong>Provoked: {i.cause ?? i.fault ?? i.at}{(i.user || i.role) && <> on {safe(i.user ?? i.role ?? "", 40)}</>}</strong>{" "}
            <span>{Math.floor(left / 60)}:{String(left % 60).padStart(2, "0")}</span>
            {may("inject") && <button class="danger" onClick={() => void stop(i.id)}>Stop</button>}
          </p>
        );
      })}
    </section>
  );
}
