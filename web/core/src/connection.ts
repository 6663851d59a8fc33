// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* A connection to the server that outlives its sockets. */
import { FaultId, type Operation } from "../../faults";
import { Emitter } from "./emitter";
import { CallError, failureOf } from "./failure";
import { patience } from "./patience";
import { callTimeout, Rpc, type Fields, type WebSocketMaker } from "./rpc";

/** So many questions in a row that are not answered are the end, whatever else comes. */
const mostUnanswered = 3;

export interface ConnectionOptions {
  /** Address of the socket, `ws:` or `wss:`. */
  url: string;
  /** For how long a lost socket is replaced before the session is given up, in ms; 60 s. */
  reconnectFor?: number;
  /** How often the server is asked whether it is there, in ms; 5 s. It gives a silent client up after three of these. */
  pingInterval?: number;
  /** Another maker of sockets than the browser's, for tests. */
  webSocket?: WebSocketMaker;
}

/** The call by which a new socket takes a session up again. */
export interface Resumption {
  method: string;
  params: object;
}

interface Events extends Record<string, unknown[]> {
  notification: [method: string, params: Fields];
  /** The socket is gone and is being replaced. */
  lost: [CallError];
  /** A new socket has taken the session up. */
  restored: [];
  /** The session is over: it could not be taken up again. */
  ended: [CallError];
  unreadable: [CallError];
}

/** Waits between attempts to open a socket, in ms; the last one repeats. */
const pauses = [0, 500, 1000, 2000, 3000];

type State = "new" | "open" | "lost" | "closed";

export class Connection extends Emitter<Events> {
  readonly #options: Required<Omit<ConnectionOptions, "webSocket">> & Pick<ConnectionOptions, "webSocket">;
  #rpc: Rpc | undefined;
  #state: State = "new";
  #resumption: Resumption | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  readonly #waiting = new Set<(failure?: CallError) => void>(); // calls that wait for a socket
  #wake: (() => void) | undefined; // ends a pause between attempts

  constructor(options: ConnectionOptions) {
    super();
    this.#options = { reconnectFor: 60_000, pingInterval: 5_000, ...options };
  }

  get state(): State {
    return this.#state;
  }

  /** Opens the first socket. Fails as Rpc.open does. */
  async open(): Promise<void> {
    const rpc = await this.#open(this.#options.url, "connect");
    if (this.#state === "closed") {
      rpc.close();
      throw new CallError(FaultId.RequestCancelled, "connect");
    }
    this.#state = "open";
    this.#rpc = rpc;
    this.#startPings();
  }

  /** Says how a session is taken up again. Before that, a lost socket is the end. */
  resumeBy(resumption: Resumption): void {
    this.#resumption = resumption;
  }

  /**
   * Calls a method. While a lost socket is replaced the call waits, as long as it
   * would wait for an answer; then it fails with signal.lost.
   */
  async request(method: string, params: object, operation: Operation, timeout = callTimeout): Promise<unknown> {
    if (this.#state === "lost") await this.#restored(operation, timeout);
    if (this.#state !== "open" || !this.#rpc) {
      throw new CallError(this.#state === "new" ? FaultId.ClientNotConnected : FaultId.SignalClosed, operation, { details: { method } });
    }
    return this.#rpc.request(method, params, operation, timeout);
  }

  /** Ends the connection for good. */
  close(code = 1000): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#stopPings();
    this.#rpc?.close(code);
    this.#wake?.();
    this.#settle(new CallError(FaultId.SignalClosed, "connect"));
  }

  #open(url: string, operation: Operation): Promise<Rpc> {
    return Rpc.open(url, {
      notification: (method, params) => this.emit("notification", method, params),
      lost: (failure) => this.#lost(failure),
      unreadable: (failure) => this.emit("unreadable", failure),
    }, operation, this.#options.webSocket);
  }

  #lost(failure: CallError): void {
    if (this.#state !== "open") return; // an attempt that failed is retried where it was made
    this.#stopPings();
    this.#rpc = undefined;
    if (!this.#resumption) {
      this.#end(failure);
      return;
    }
    this.#state = "lost";
    this.emit("lost", failure);
    void this.#replace(failure);
  }

  /** Opens sockets until one has taken the session up. */
  async #replace(lost: CallError): Promise<void> {
    const until = Date.now() + this.#options.reconnectFor;
    const separator = this.#options.url.includes("?") ? "&" : "?";
    for (let attempt = 0; ; attempt++) {
      await this.#pause(Math.min(pauses[Math.min(attempt, pauses.length - 1)]!, Math.max(0, until - Date.now())));
      if (this.#state !== "lost") return;
      let rpc: Rpc | undefined;
      try {
        rpc = await this.#open(`${this.#options.url}${separator}reconnect=true`, "reconnect");
        if (this.#state !== "lost") {
          rpc.close();
          return;
        }
        const { method, params } = this.#resumption!;
        await rpc.request(method, params, "reconnect");
      } catch (thrown) {
        rpc?.close();
        if (this.#state !== "lost") return;
        const failure = failureOf(thrown, FaultId.SignalLost, "reconnect");
        if (failure.wording && failure.entry.retry !== "after backoff") { // the server will not have it back
          this.#end(failure);
          return;
        }
        if (Date.now() >= until) {
          this.#end(lost);
          return;
        }
        continue;
      }
      if (this.#state !== "lost") {
        rpc.close();
        return;
      }
      this.#rpc = rpc;
      this.#state = "open";
      this.#startPings();
      this.#settle();
      this.emit("restored");
      return;
    }
  }

  #end(failure: CallError): void {
    this.close();
    this.emit("ended", failure);
  }

  /** Waits, or until the device says that it has a network again. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        globalThis.removeEventListener?.("online", wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      globalThis.addEventListener?.("online", wake);
      this.#wake = wake;
    });
  }

  #restored(operation: Operation, timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure?: CallError) => {
        enough();
        this.#waiting.delete(settle);
        if (failure) reject(new CallError(failure.fault, operation, { cause: failure }));
        else resolve();
      };
      const enough = patience(timeout, () => settle(new CallError(FaultId.SignalLost, operation)));
      this.#waiting.add(settle);
    });
  }

  #settle(failure?: CallError): void {
    for (const settle of [...this.#waiting]) settle(failure);
  }

  /**
   * A server that is silent is not there, whatever the socket says. One whose answer is
   * behind much else that it sends is, unless no question of three is answered.
   */
  #startPings(): void {
    const rpc = this.#rpc!;
    const interval = this.#options.pingInterval;
    let unanswered = 0;
    const ping = async (params: object) => {
      const heard = rpc.heard;
      try {
        await rpc.request("ping", params, "connect", interval);
        unanswered = 0;
      } catch (thrown) {
        const failure = thrown as CallError;
        if (failure.fault !== FaultId.SignalSilent || this.#rpc !== rpc) return;
        if (++unanswered === mostUnanswered || rpc.heard === heard) rpc.drop(failure);
      }
    };
    void ping({ interval });
    this.#ping = setInterval(() => void ping({}), interval);
  }

  #stopPings(): void {
    clearInterval(this.#ping);
  }
}
