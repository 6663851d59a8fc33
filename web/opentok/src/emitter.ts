// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Events with handlers, contexts and default behaviours. */
import { invalid } from "./errors";
import type { Connection } from "./stream";
import type { Event } from "./types";

type Handler = (event: never) => unknown;

interface Entry {
  name: string;
  handler: Handler;
  context: unknown;
  once: boolean;
}

/** Lets whatever one handler throws reach the page's error handler, and keeps nothing else from running. */
export function guarded(run: () => unknown): void {
  try {
    run();
  } catch (thrown) {
    queueMicrotask(() => { throw thrown; });
  }
}

/** What tells handlers of events. Methods return the object, so that calls can be chained. */
export class OTEventEmitter<EventMap> {
  #entries: Entry[] = [];

  on<Name extends keyof EventMap>(name: Name, handler: (event: EventMap[Name]) => void, context?: object): this;
  on(name: string, handler: (event: Event<string, any>) => void, context?: object): this;
  on(handlers: object, context?: object): this;
  /** Calls the handler at every event of a name, of several names in one text, or handlers by name. */
  on(names: unknown, handler?: unknown, context?: unknown): this {
    return this.#add(names, handler, context, false);
  }

  once<Name extends keyof EventMap>(name: Name, handler: (event: EventMap[Name]) => void, context?: object): this;
  once(name: string, handler: (event: Event<string, any>) => void, context?: object): this;
  once(handlers: object, context?: object): this;
  /** As on, for the next event only. */
  once(names: unknown, handler?: unknown, context?: unknown): this {
    return this.#add(names, handler, context, true);
  }

  off<Name extends keyof EventMap>(name?: Name, handler?: (event: EventMap[Name]) => void, context?: object): this;
  off(name?: string, handler?: (event: Event<string, any>) => void, context?: object): this;
  off(handlers: object, context?: object): this;
  /** Removes a handler, all of a name, or all. */
  off(names?: unknown, handler?: unknown, context?: unknown): this {
    if (typeof names === "object" && names !== null) {
      for (const [name, one] of Object.entries(names)) this.off(name, one as never, handler as object);
      return this;
    }
    const wanted = typeof names === "string" ? split(names) : undefined;
    this.#entries = this.#entries.filter((e) => (wanted && !wanted.includes(e.name))
      || (typeof handler === "function" && e.handler !== handler)
      || (context !== undefined && e.context !== context));
    return this;
  }

  /** The older name of on. */
  addEventListener(name: string, handler: (event: any) => void, context?: object): this {
    return this.on(name, handler, context);
  }

  /** The older name of off. */
  removeEventListener(name: string, handler?: (event: any) => void, context?: object): this {
    return this.off(name, handler, context);
  }

  /** Whether anybody listens to an event. */
  hears(name: string): boolean {
    return this.#entries.some((e) => e.name === name);
  }

  /**
   * Tells the handlers of an event, and then does what is done by default, unless
   * one of them has prevented that. The name is the type of the event, except for
   * signals, of which some handlers hear all types.
   */
  dispatchEvent(event: Event<string, any>, byDefault?: () => void, name = event.type): this {
    const called = this.#entries.filter((e) => e.name === name);
    this.#entries = this.#entries.filter((e) => !e.once || e.name !== name);
    for (const { handler, context } of called) guarded(() => handler.call(context as never, event as never));
    if (byDefault && !event.isDefaultPrevented()) byDefault();
    return this;
  }

  #add(names: unknown, handler: unknown, context: unknown, once: boolean): this {
    if (typeof names === "object" && names !== null) {
      for (const [name, one] of Object.entries(names)) {
        if (typeof one === "function") this.#add(name, one, handler, once); // apps pass maps in which some are missing
      }
      return this;
    }
    if (typeof names !== "string") throw invalid("init", "eventName", "a text or an object with a handler for each name");
    if (typeof handler !== "function") throw invalid("init", "handler", "a function");
    for (const name of split(names)) this.#entries.push({ name, handler: handler as Handler, context, once });
    return this;
  }
}

function split(names: string): string[] {
  return names.split(/\s+/).filter(Boolean);
}

type SignalHandler = (event: Event<`signal:${string}`, any> & { type?: string; data?: string; from: Connection | null }) => void;

/** The emitter of sessions, which have an event for each type of signals. */
export class SessionOTEventEmitter<EventMap> extends OTEventEmitter<EventMap> {
  override on<Name extends keyof EventMap>(name: Name, handler: (event: EventMap[Name]) => void, context?: object): this;
  override on(name: `signal:${string}`, handler: SignalHandler, context?: object): this;
  override on(name: string, handler: (event: Event<string, any>) => void, context?: object): this;
  override on(handlers: object, context?: object): this;
  override on(names: unknown, handler?: unknown, context?: unknown): this {
    return super.on(names as string, handler as never, context as object);
  }

  override once<Name extends keyof EventMap>(name: Name, handler: (event: EventMap[Name]) => void, context?: object): this;
  override once(name: `signal:${string}`, handler: SignalHandler, context?: object): this;
  override once(name: string, handler: (event: Event<string, any>) => void, context?: object): this;
  override once(handlers: object, context?: object): this;
  override once(names: unknown, handler?: unknown, context?: unknown): this {
    return super.once(names as string, handler as never, context as object);
  }
}

/** Makes an event. */
export function event<Type extends string, Target, More extends object>(type: Type, target: Target, more: More, cancelable = false): Event<Type, Target> & More {
  let prevented = false;
  return {
    ...more, type, target, cancelable,
    isDefaultPrevented: () => prevented,
    preventDefault: () => { prevented ||= cancelable; },
  };
}
