// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* JSON-RPC 2.0 over one WebSocket: calls and their answers, and what the server tells. */
import { fault as entry, FaultId, type Operation } from "../../faults";
import { CallError, type Details } from "./failure";
import { patience } from "./patience";

/** How long an answer is waited for, in ms. The server answers within 8 s. */
export const callTimeout = 10_000;

export interface RpcEvents {
  notification(method: string, params: Fields): void;
  /** The socket has closed, and why; not after close(). */
  lost(failure: CallError): void;
  /** Something that nobody can make sense of has arrived. */
  unreadable(failure: CallError): void;
}

/** An object from outside, of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads something from outside as an object; an empty one where it is none. */
export function fields(x: unknown): Fields {
  return typeof x === "object" && x !== null && !Array.isArray(x) ? (x as Fields) : {};
}

export type WebSocketMaker = new (url: string) => WebSocket;

interface Call {
  resolve(result: unknown): void;
  reject(failure: CallError): void;
  operation: Operation;
}

export class Rpc {
  readonly #socket: WebSocket;
  readonly #events: RpcEvents;
  readonly #calls = new Map<number, Call>();
  #next = 0;
  #heard = 0;
  #over = false;

  private constructor(socket: WebSocket, events: RpcEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.onmessage = (e) => this.#read(e.data);
    socket.onclose = (e) => this.#closed(e.code, e.reason);
  }

  /**
   * Opens a socket. Fails with endpoint.invalid for an address that is none, and
   * with endpoint.unreachable when nobody answers or nobody answers in time.
   */
  static open(url: string, events: RpcEvents, operation: Operation, make: WebSocketMaker = WebSocket, timeout = callTimeout): Promise<Rpc> {
    return new Promise((resolve, reject) => {
      const at = { url: withoutQuery(url) };
      let socket: WebSocket;
      try {
        socket = new make(url);
      } catch (cause) {
        reject(new CallError(FaultId.EndpointInvalid, operation, { cause, details: at }));
        return;
      }
      const fail = (details: Details) => {
        enough();
        socket.onopen = socket.onclose = null;
        socket.close();
        const offline = globalThis.navigator?.onLine === false;
        reject(new CallError(offline ? FaultId.NetworkOffline : FaultId.EndpointUnreachable, operation, { details: { ...at, ...details } }));
      };
      const enough = patience(timeout, () => fail({ seconds: timeout / 1000 }));
      socket.onclose = (e) => fail({ close: e.code });
      socket.onopen = () => {
        enough();
        resolve(new Rpc(socket, events));
      };
    });
  }

  /** How many frames have come. */
  get heard(): number {
    return this.#heard;
  }

  /** Calls a method. Fails with the server's refusal, with signal.silent when no answer comes, and with signal.lost. */
  request(method: string, params: object, operation: Operation, timeout = callTimeout): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(new CallError(FaultId.SignalLost, operation, { details: { method } }));
        return;
      }
      const id = this.#next++;
      const enough = patience(timeout, () => {
        this.#calls.delete(id);
        reject(new CallError(FaultId.SignalSilent, operation, { details: { method, seconds: timeout / 1000 } }));
      });
      this.#calls.set(id, {
        operation,
        resolve: (v) => { enough(); resolve(v); },
        reject: (e) => { enough(); reject(e); },
      });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Closes the socket; calls under way fail with signal.closed. */
  close(code = 1000): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close(code);
    this.#abandon(FaultId.SignalClosed, {});
  }

  /** Gives the socket up as lost. */
  drop(failure: CallError): void {
    if (this.#over) return;
    this.close(4000);
    this.#events.lost(failure);
  }

  #closed(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    const details = { close: code, ...(reason ? { reason } : {}) };
    this.#abandon(FaultId.SignalLost, details);
    this.#events.lost(new CallError(FaultId.SignalLost, "connect", { details }));
  }

  #abandon(fault: FaultId, details: Details): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(new CallError(fault, call.operation, { details }));
  }

  #read(data: unknown): void {
    this.#heard++;
    let frame: Fields;
    try {
      frame = fields(JSON.parse(String(data)));
    } catch (cause) {
      this.#unreadable(cause);
      return;
    }
    if (typeof frame.method === "string") {
      this.#events.notification(frame.method, fields(frame.params));
      return;
    }
    const call = typeof frame.id === "number" ? this.#calls.get(frame.id) : undefined;
    if (call) {
      this.#calls.delete(frame.id as number);
      if (frame.error === undefined) call.resolve(frame.result);
      else call.reject(refusal(fields(frame.error), call.operation));
    } else if (frame.error !== undefined) {
      this.#unreadable(frame.error); // the server could not tell which call it refuses
    }
  }

  #unreadable(cause: unknown): void {
    this.#events.unreadable(new CallError(FaultId.ClientFrameUnreadable, "connect", { cause }));
  }
}

/** The failure that the server's error object tells of. */
export function refusal(error: Fields, operation: Operation): CallError {
  const data = fields(error.data);
  const known = typeof data.fault === "string" ? entry(data.fault) : undefined;
  return new CallError(known?.id ?? FaultId.ServerInternal, operation, {
    message: typeof error.message === "string" && error.message !== "" ? error.message : undefined,
    cause: error,
    wording: typeof error.code === "number" ? { code: error.code, ...(typeof data.name === "string" ? { name: data.name } : {}) } : undefined,
    details: known ? {} : { answer: typeof data.fault === "string" ? data.fault : "an error without a fault" },
  });
}

/** An address as it may be shown: its query can hold a token. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? "";
}
