// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The API of Sceenic's synchronisation SDK over a Redial server: players in
 * step, by what the session's synchroniser says of its own.
 * Redial is not affiliated with Sceenic; the names are those that apps use.
 */
import { CallError, FaultId, Session, type Fields } from "../../core/src";
import { sessionError } from "../../wtsdk/src/errors";
import { readAddress, type Address } from "../../wtsdk/src/token";
import { correct, expected, readPosition, type Position } from "./follow";
import { PlayerDecorator } from "./player";

export { SessionError } from "../../wtsdk/src/errors";
export { PlayerDecorator } from "./player";

/** What can be listened to. */
export const Callbacks = {
  /** Somebody wrote: `{clientName, message, local}`. */
  chat_update: "chat_update",
  /** How far ahead of the group the player is, in ms; behind, if less than 0. */
  delta_change: "delta_change",
  /** The speed that the player was given. */
  speed_change: "speed_change",
} as const;
export type Callback = keyof typeof Callbacks;

/** How much is written to the console. */
export const LogLevels = { NONE: 0, ERROR: 1, WARN: 2, INFO: 3, DEBUG: 4 } as const;
export type LogLevel = (typeof LogLevels)[keyof typeof LogLevels];

export interface ChatUpdate {
  clientName: string;
  message: string;
  local: boolean;
}

interface Listener {
  chat_update: (update: ChatUpdate) => void;
  delta_change: (delta: number) => void;
  speed_change: (rate: number) => void;
}

/** How often the leader says where it is and the others look, in ms. */
const period = 1_000;

export class SyncSDK {
  #level: LogLevel = LogLevels.ERROR;
  #listeners: Partial<Listener> = {};
  #where: (Address & { name: string }) | undefined;
  #session: Session | undefined;
  #player: PlayerDecorator | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #leader = ""; // the id of who says where the group is
  #group: { said: Position; at: number } | undefined;
  #rate: number | undefined;

  setLogLevel(level: LogLevel): void {
    this.#level = level;
  }

  /** One listener for each; the last one counts. */
  attachListener<Name extends Callback>(listener: Listener[Name], name: Name): void {
    this.#listeners[name] = listener as Partial<Listener>[Name];
  }

  /** Joins the group of a token. All promises reject with a SessionError. */
  createGroup(token: string, clientName: string): Promise<void> {
    return this.#told(async () => {
      await this.#leave();
      const suffix = Math.random().toString(36).slice(2, 8); // a name is for one participant alone
      this.#where = { ...readAddress(token), name: `${clientName} ${suffix}` };
      await this.#join();
    });
  }

  addPlayerClient(client: PlayerDecorator): void {
    this.#player?.unload();
    this.#player = client;
    if (this.#timer) client.load();
  }

  /** Begins to lead or to follow, whichever the session says. */
  startSynchronize(): Promise<void> {
    return this.#told(async () => {
      await this.#join();
      clearInterval(this.#timer);
      this.#player?.load();
      this.#timer = setInterval(() => this.#tick(), period);
      this.#tick();
    });
  }

  /** Leaves the player alone, and the group. */
  stopSynchronize(): void {
    if (this.#timer) this.#player?.unload();
    clearInterval(this.#timer);
    this.#timer = undefined;
    void this.#leave();
  }

  sendMessageToGroup(text: string): Promise<void> {
    return this.#told(() => this.#in().send(text));
  }

  /** Has everybody go to where this player is. Only the synchroniser may (106). */
  setGroupPosition(): Promise<void> {
    return this.#told(() => this.#say());
  }

  async #join(): Promise<void> {
    if (this.#session) return;
    const { url, token, name } = this.#where ?? fail();
    const session = new Session({ url });
    this.#session = session;
    session.on("message", ({ from, type, data }) => {
      if (type === "chat") this.#listeners.chat_update?.({ clientName: from?.name ?? "", message: data, local: from?.local ?? false });
    });
    session.on("notification", (method, params) => this.#notified(method, params));
    session.on("ended", (failure) => {
      this.#log(LogLevels.ERROR, failure.message);
      if (this.#session === session) this.#session = undefined;
    });
    try {
      const joined = await session.join({ token, name });
      this.#leader = String(joined.synchronizer ?? "");
      this.#hear(joined.player);
    } catch (thrown) {
      if (this.#session === session) this.#session = undefined;
      throw thrown;
    }
  }

  async #leave(): Promise<void> {
    const session = this.#session;
    this.#session = this.#group = undefined;
    this.#leader = "";
    await session?.leave();
  }

  #in(): Session {
    return this.#session ?? fail();
  }

  #notified(method: string, params: Fields): void {
    if (method === "synchronizerChanged") {
      this.#leader = String(params.connectionId ?? "");
      this.#log(LogLevels.INFO, `the synchroniser is ${this.#leader || "nobody"}`);
    } else if (method === "playerData") {
      this.#hear(params);
      if (this.#timer) this.#follow();
    }
  }

  #hear(player: unknown): void {
    const said = readPosition((player as Fields | undefined)?.data);
    if (said) this.#group = { said, at: performance.now() };
  }

  #tick(): void {
    if (this.#leader !== "" && this.#leader === this.#session?.local?.id) {
      this.#say().catch((failure: CallError) => this.#log(LogLevels.WARN, failure.message));
    } else {
      this.#follow();
    }
  }

  async #say(): Promise<void> {
    const p = this.#player;
    const data: Position = { position: p?.getCurrentPosition() ?? 0, playing: p?.isPlaying() ?? false, rate: p?.getPlaybackRate() ?? 1 };
    await this.#in().request("sendPlayerData", { data }, "message");
  }

  #follow(): void {
    const p = this.#player;
    if (!p || !this.#group || p.isStalled()) return;
    const { said, at } = this.#group;
    const target = expected(said, performance.now() - at);
    const delta = p.getCurrentPosition() - target;
    this.#listeners.delta_change?.(Math.round(delta));
    const step = correct(delta, said, target, { threshold: p.getPrecisionThreshold(), seekable: p.isSeekable() });
    if (said.playing && !p.isPlaying()) p.play();
    if (!said.playing && p.isPlaying()) p.pause();
    if ("seek" in step) {
      this.#log(LogLevels.DEBUG, `${Math.round(delta)} ms apart: to ${Math.round(step.seek)} ms`);
      p.fastSeekToPosition(step.seek);
    }
    const rate = "rate" in step ? step.rate : said.rate;
    if (rate === this.#rate) return;
    this.#rate = rate;
    p.changePlaybackRate(rate);
    this.#listeners.speed_change?.(rate);
  }

  /** Runs a call. What fails is logged, and need not be caught. */
  #told<T>(run: () => Promise<T>): Promise<T> {
    const done = (async () => {
      try {
        return await run();
      } catch (thrown) {
        const error = sessionError(thrown);
        this.#log(LogLevels.ERROR, `${error.code} ${error.message}`);
        throw error;
      }
    })();
    done.catch(() => {});
    return done;
  }

  #log(level: LogLevel, text: string): void {
    if (level > this.#level) return;
    const write = level === LogLevels.ERROR ? console.error : level === LogLevels.WARN ? console.warn : console.info;
    write(`syncsdk: ${text}`);
  }
}

function fail(): never {
  throw new CallError(FaultId.ClientNotConnected, "connect");
}

export default { SyncSDK, Callbacks, LogLevels, PlayerDecorator };
