// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Reports of issues, which the server keeps. */
import { CallError, FaultId } from "../../core/src";
import { fields } from "../../core/src/rpc";
import { credentials } from "./info";
import { inner } from "./publisher";
import type { Session } from "./session";
import { version } from "./version";

/** Sends a report of the latest session and returns its id. Fails with report.failed. */
export async function report(sessions: readonly Session[], lines: readonly string[]): Promise<string> {
  const failed = (message: string, cause?: unknown) => new CallError(FaultId.ReportFailed, "report", { message, cause });
  const session = sessions.filter((s) => s[inner].door).at(-1);
  const door = session?.[inner].door;
  if (!door) throw failed("no session was connected to, so no server can be told");
  let answer: Response;
  try {
    answer = await fetch(`${door.base}/opentok/v1/issues`, {
      method: "POST", credentials: "omit", headers: { ...credentials(door), "content-type": "application/json" }, signal: AbortSignal.timeout(15_000),
      body: JSON.stringify({ sessionId: door.sessionId, connectionId: session?.connection?.connectionId, details: { version, userAgent: globalThis.navigator?.userAgent, log: lines } }),
    });
  } catch (cause) {
    throw failed("the server cannot be reached", cause);
  }
  const { id } = fields(await answer.json().catch(() => ({})));
  if (!answer.ok || typeof id !== "string") throw failed(`the server did not take the report: status ${answer.status}`);
  return id;
}
