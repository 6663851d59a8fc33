// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The server's REST API as a customer's backend would use it: the package that
// apps test with, and what only scenarios want.
import { connectRedial, type EventFilter, type RedialError, type RedialEvent } from '@redial-rtc/testing';
import { sleep } from './check.ts';
import { within } from './patience.ts';
import type { Site } from './site.ts';
import type { Address } from './world.ts';

// through makes calls from where the site is. It cannot carry a stream, so the
// record is read again and again while somebody waits for an event.
const through = (site: Site) => (async (url: string, { method, headers, body }: RequestInit) => {
  if (new URL(url).pathname === '/api/v1/events/stream') return { status: 200, body: null };
  const answer = await site.fetch(url, { method, headers, body });
  return { status: answer.status, text: async () => answer.body };
}) as unknown as typeof fetch;

interface CallOptions { token?: string | null; signal?: AbortSignal }

export class REST {
  readonly server: Address;
  #fetch?: typeof fetch;

  // Without a site, calls are made from here, which must be in the server's network.
  constructor(site: Site | undefined, server: Address) {
    this.server = server;
    this.#fetch = site ? through(site) : undefined;
  }

  // A restarted server has another token.
  get #redial() {
    const { url, managementToken } = this.server;
    return connectRedial({ url, managementToken, fetch: this.#fetch });
  }

  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<any> { return this.#redial.request(method, path, body, options); }
  get(path: string, options?: CallOptions) { return this.call('GET', path, undefined, options); }
  post(path: string, body: unknown = {}, options?: CallOptions) { return this.call('POST', path, body, options); }

  // token exchanges a room code for a join token, as an app's page does. Of one address so
  // many may in a second; whoever comes with a crowd waits for a turn, as the answer says.
  async token(roomId: string, role: string, userId: string): Promise<string> {
    const { data } = await this.post(`/v2/room-codes/room/${roomId}`);
    const code = data.find((c: { role: string }) => c.role === role);
    if (!code) throw new Error(`room ${roomId} has no code for role ${role}: ${JSON.stringify(data)}`);
    for (let turns = 10; ; turns--) {
      try {
        return (await this.post('/v2/token', { code: code.code, user_id: userId }, { token: null })).token;
      } catch (e) {
        if (!turns || (e as RedialError).status !== 429) throw e;
        await sleep(1000);
      }
    }
  }

  // events reads recorded events back.
  events(filters: EventFilter): Promise<RedialEvent[]> { return this.#redial.events(filters); }

  // event waits for a recorded event that matches and returns it.
  event(filters: EventFilter, match?: (event: RedialEvent) => unknown, ms = 10_000): Promise<RedialEvent> {
    return within(ms, timeout => this.#redial.waitForEvent(filters, { match: match && (e => Boolean(match(e))), timeout }));
  }
}
