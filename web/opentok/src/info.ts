// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Asks the server about a session by HTTP: whether the token is good, and where to connect. */
import { FaultId } from "../../core/src";
import { fields, type Fields } from "../../core/src/rpc";
import { fault as entry } from "../../faults";
import { OTError } from "./errors";

/** What the token lets its holder do: 1, or 0 for not. */
export interface Capabilities {
  publish: number;
  subscribe: number;
  forceDisconnect: number;
  forceUnpublish: number;
  forceMute: number;
}

export const powers = ["publish", "subscribe", "forceDisconnect", "forceUnpublish", "forceMute"] as const;

export interface SessionInfo {
  url: string; // of the socket
  token: string; // for it
  role: string;
  capabilities: Capabilities;
  limits: { typeBytes: number; dataBytes: number; publishMs: number };
}

/** How long the server may take, in ms. */
const patience = 15_000;

export interface Door {
  base: string; // address of the server
  sessionId: string;
  apiKey: string;
  token: string;
}

/** The headers by which a client says who it is. */
export const credentials = ({ token, apiKey }: Door) => ({ authorization: `Bearer ${token}`, "x-api-key": apiKey });

/** Asks. Fails with the faults that Session.connect words. */
export async function sessionInfo(door: Door): Promise<SessionInfo> {
  const url = `${door.base}/opentok/v1/sessions/${encodeURIComponent(door.sessionId)}`;
  const answer = await ask(url, credentials(door));
  let text: string;
  try {
    text = await answer.text();
  } catch (cause) {
    throw failed(FaultId.EndpointUnreachable, "the connection to the server broke", cause);
  }
  const said = read(text);
  if (!answer.ok) {
    const body = fields(said);
    const known = typeof body.fault === "string" ? entry(body.fault) : undefined;
    if (!known) throw failed(FaultId.ResponseStatus, `the server answered with status ${answer.status}`);
    throw new OTError(known.id, "connect", {
      message: typeof body.message === "string" ? body.message : undefined,
      word: { ...(typeof body.name === "string" && body.name ? { name: body.name } : {}), ...(typeof body.code === "number" ? { code: body.code } : {}) },
    });
  }
  if (text === "") throw failed(FaultId.ResponseEmpty, "the answer of the server is empty");
  if (said === undefined) throw failed(FaultId.ResponseNotJson, "the answer of the server is no JSON");
  return checked(fields(said), door.base);
}

const offline = () => globalThis.navigator?.onLine === false;

async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  const init: RequestInit = { headers, credentials: "omit", cache: "no-store" };
  if (offline()) throw failed(FaultId.NetworkOffline, "the device has no network");
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(patience) });
  } catch (cause) {
    if (offline()) throw failed(FaultId.NetworkOffline, "the device has no network", cause);
    if ((cause as Error).name !== "TimeoutError" && await answers(url)) throw failed(FaultId.ResponseCrossOrigin, "the server does not let this page read its answer", cause);
    throw failed(FaultId.EndpointUnreachable, "the server cannot be reached", cause);
  }
}

/** Browsers report a lost network and a forbidden answer alike; without reading the answer, the second one works. */
async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(5_000) });
    return true;
  } catch {
    return false;
  }
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads what somebody may do; what the server says nothing of may not be done. */
export const capabilitiesOf = (given: Fields) => Object.fromEntries(powers.map((p) => [p, given[p] === 1 ? 1 : 0])) as unknown as Capabilities;

function checked(said: Fields, base: string): SessionInfo {
  const bad = (field: string) => failed(FaultId.ResponseMalformed, `the answer of the server has no ${field}`);
  if (typeof said.url !== "string" || !/^wss?:\/\/[^/]/.test(said.url)) throw bad("url of a socket");
  if (typeof said.token !== "string" || said.token === "") throw bad("token");
  const given = fields(said.capabilities);
  for (const power of powers) if (typeof given[power] !== "number") throw bad(`capability ${power}`);
  const capabilities = capabilitiesOf(given);
  const limits = fields(said.limits);
  const number = (x: unknown, otherwise: number) => (typeof x === "number" && x > 0 ? x : otherwise);
  return {
    url: through(said.url, base), token: said.token, role: typeof said.role === "string" ? said.role : "", capabilities,
    limits: { typeBytes: number(limits.signal_type_bytes, 128), dataBytes: number(limits.signal_data_bytes, 8192), publishMs: number(limits.publish_timeout_ms, 15_000) },
  };
}

/** The address of the socket. A page that knows the server by another address, such as a proxy's, connects there as well. */
function through(socket: string, base: string): string {
  const { host, pathname, search } = new URL(socket);
  return new URL(base).host === host ? socket : `${base.replace(/^http/, "ws")}${pathname}${search}`;
}

function failed(fault: FaultId, message: string, cause?: unknown): OTError {
  return new OTError(fault, "connect", { message, cause });
}
