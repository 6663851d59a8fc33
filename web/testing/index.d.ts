// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/// <reference lib="esnext.disposable" />

import type { Duration, EventFilter, Injection, InjectionRule, NewRoom, RedialEvent, Room } from './admin.js';

export type { Duration, EventAgent, EventClientHalf, EventData, EventDetail, EventFilter, EventRedial, EventServerHalf, EventWords, Injection, InjectionRule, NewRoom, RedialEvent, Room } from './admin.js';

export interface StartOptions {
  /** The program redial. Without it: REDIAL_BINARY, then PATH. */
  binary?: string;
  /** Words to put before the program, such as ["ip", "netns", "exec", "NAME"]. */
  command?: string[];
  /** Further flags of "redial dev". */
  args?: string[];
  /** Further variables of its environment. */
  env?: Record<string, string>;
  /** Where it listens, on this machine only. Default: a free port of 127.0.0.1. */
  address?: string;
  /** Keeps rooms, keys and events. Default: a temporary directory, removed by stop(). */
  dataDir?: string;
  /** How long it may take to be ready and to stop, in milliseconds. Default 20000. */
  timeout?: number;
  /** Gets the log as it is written. Its end is in Redial.log and in errors anyway. */
  onLog?: (text: string) => void;
  /** In place of the global fetch, for a server in another network. */
  fetch?: typeof fetch;
}

/**
 * Runs a server. It has a free port and a data directory of its own, and ends with
 * this process however that ends. Nothing of it keeps this process alive.
 */
export function startRedial(options?: StartOptions): Promise<Redial>;

export interface ConnectOptions {
  /** Such as https://video.example.org. */
  url: string;
  /** With the grant "inject" for inject(). */
  managementToken: string;
  /** With secret, for token(). */
  accessKey?: string;
  secret?: string;
  /** What apps pass as initEndpoint. Default: url. */
  initEndpoint?: string;
  /** A project, for openTokSession() and openTokToken(). */
  openTok?: { url: string; apiKey: string; apiSecret: string };
  fetch?: typeof fetch;
}

/** Uses a server that runs elsewhere. */
export function connectRedial(options: ConnectOptions): Redial;

/** A room token to mint. Without anything but room it lets a guest in for an hour. */
export interface Claims {
  /** Id of the room; of another or of none for a token that must not open it. */
  room: string;
  /** Default "guest"; may be one that the room does not have. */
  role?: string;
  /** The app's own id of the user. Default "user". */
  user?: string;
  /** Default "1h"; "-5m" is a token that has expired five minutes ago. */
  lifetime?: Duration;
  /** From now; a token that is good in an hour has "1h". */
  begins?: Duration;
  /** The server has been told to refuse it. */
  revoked?: boolean;
  /** Signed with another secret. */
  forged?: boolean;
  /** The claim jti. Made up when left out. */
  id?: string;
}

/** A token of an OpenTok app to mint. Without anything but session it lets a publisher connect for an hour. */
export interface OpenTokClaims {
  /** Id of the session. */
  session: string;
  /** Default "publisher"; may be one that there is not. */
  role?: 'publisher' | 'subscriber' | 'moderator' | 'publisheronly' | (string & {});
  /** What connection.data is to be, up to 1024 characters. */
  data?: string;
  /** Default "1h"; "-5m" is a token that has expired five minutes ago. */
  lifetime?: Duration;
  /** Signed with another secret. */
  forged?: boolean;
}

/** An injection at work. It ends by itself, when it is cleared, or with its scope (`await using`). */
export interface Injected extends InjectionRule, AsyncDisposable {
  /** Ends it now. No harm when it has ended by itself. */
  clear(): Promise<void>;
}

/** A running server. */
export class Redial implements AsyncDisposable {
  private constructor();
  /** Such as http://127.0.0.1:40123. */
  readonly url: string;
  /** What an app on the 100ms web SDK passes as initEndpoint. */
  readonly initEndpoint: string;
  readonly managementToken: string;
  /** With secret, for an app whose backend mints tokens itself. */
  readonly accessKey?: string;
  readonly secret?: string;
  /** What it begins with: a room called "demo", with a token for each role. */
  readonly rooms?: { id: string; name: string; tokens: Record<string, string> }[];
  /** What a backend gives to `OpenVidu(url, secret)` of openvidu-node-client. */
  readonly openVidu?: { url: string; secret: string };
  /** What `new OpenTok(apiKey, apiSecret, url)` of the Node SDK takes, the address of the library's script, and a moderator's token for a session in the first room. */
  readonly openTok?: { url: string; apiKey: string; apiSecret: string; script: string; sessionId: string; token: string };
  /** What a backend asks for tokens of Sceenic WatchTogether sessions with: `GET url/stream/token/v2/`. */
  readonly sceenic?: { url: string; key: string; secret: string };
  /** The end of its log. */
  readonly log: string;

  /** Creates a room, or returns the one of that name. */
  createRoom(room?: NewRoom): Promise<Room>;
  /** The code that stands for a room and a role (default "guest") in links. */
  roomCode(of: { room: string; role?: string }): Promise<string>;
  /** Mints a room token, good or bad. */
  token(claims: Claims): Promise<string>;
  /** Has the server refuse a token from now on. */
  revoke(token: string): Promise<void>;

  /** Makes a session for OpenTok apps, in the room of that name, or in a new one. Injections and events go by the room. */
  openTokSession(of?: { room?: string }): Promise<{ apiKey: string; sessionId: string; room: string }>;
  /** Mints a token for it, good or bad. */
  openTokToken(claims: OpenTokClaims): string;

  /** Provokes a failure. */
  inject(injection: Injection): Promise<Injected>;
  /** Ends the injections of a room, by id or name, or all; returns how many. */
  clearInjections(of?: { room?: string }): Promise<number>;

  /** What is on record, oldest first; with limit (1 to 100) no more than that. */
  events(filter?: EventFilter & { limit?: number; order?: 'asc' | 'desc' }, options?: { signal?: AbortSignal }): Promise<RedialEvent[]>;
  /**
   * Returns the first event that matches: one on record, or the next that comes.
   * Fails after timeout milliseconds (30000), and says what is on record instead.
   */
  waitForEvent(filter?: EventFilter, options?: { match?: (event: RedialEvent) => boolean; timeout?: number }): Promise<RedialEvent>;

  /**
   * Makes any call of the REST API and returns the reply, parsed. A token of null
   * sends none. Refusals are a RedialError.
   */
  request(method: string, path: string, body?: unknown, options?: { token?: string | null; signal?: AbortSignal }): Promise<any>;

  /** Ends the server as an operator would: clients are told to connect again. */
  shutdown(): Promise<void>;
  /** Ends the server as a crash would. */
  kill(): Promise<void>;
  /** Starts it again at the same address with the same data, having shut it down if it ran. */
  restart(): Promise<void>;
  /** Ends the server and removes what it kept. Fails when it had ended by itself. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A refusal of the REST API. */
export class RedialError extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** Id in the catalogue, such as "room.not_found". */
  readonly fault?: string;
  /** The reply. */
  readonly body: any;
}
