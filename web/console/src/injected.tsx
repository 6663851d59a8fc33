// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// While faults are provoked on this server, every page says so, and who may inject can stop them there.
import { useEffect } from "preact/hooks";
import { at, call, serverNow, type Refusal } from "./api";
import { useAsk, useClock, useShared } from "./state";
import { safe } from "./safe";

/** A fault that is provoked. */
interface Rule {
  id: string;
  fault: string;
  at: string;
  cause?: string;
  peer?: string;
  user?: string;
  role?: string;
  state: "waiting" | "running" | "done";
  ends: string;
}

const news = new Set<() => void>();

/** Has the bar look at once: something was provoked. */
export const lookAgain = () => news.forEach((look) => look());

export function Injected() {
  const { me, may, say } = useShared();
  const asked = useAsk((may("support") || may("inject")) && me.inject ? "injections" : null,
    (signal) => call<{ injections: Rule[] }>("GET", "/api/v1/injections", undefined, signal), 5000);
  useEffect(() => {
    news.add(asked.again);
    return () => void news.delete(asked.again);
  }, [asked.again]);
  const running = (asked.data?.injections ?? []).filter((i) => i.state !== "done");
  const now = useClock(running.length > 0, serverNow, 1000);
  if (!running.length) return null;
  const stop = async (id: string) => {
    await call("DELETE", at`/api/v1/injections/${id}`).then(() => say("Stopped."), (error: Refusal) =>
      say(error.status === 404 ? "It had ended." : "It goes on: " + error.message));
    asked.again();
  };
  return (
    <section class="injected" aria-label="Faults that are provoked now">
      {running.map((i) => {
        const name = i.cause || i.fault || i.at, left = Math.max(0, Math.round((Date.parse(i.ends) - now) / 1000));
        return (
          <p key={i.id}>
            <strong>Provoked: {name}{(i.peer || i.user || i.role) && <> on {i.peer ? "one person" : safe(i.user || i.role || "", 40)}</>}</strong>{" "}
            <span>{Math.floor(left / 60)}:{String(left % 60).padStart(2, "0")}</span>
            {may("inject") && <button class="danger" aria-label={"Stop " + name} onClick={() => void stop(i.id)}>Stop</button>}
          </p>
        );
      })}
    </section>
  );
}
