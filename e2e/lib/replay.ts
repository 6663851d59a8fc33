// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A replay provokes one cause on a server of its own, with a line of its own for
// each client, and keeps the record. The command e2e/cases makes recordings of it
// for the tests of package diagnose.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { RedialEvent } from '@redial-rtc/testing';
import { assert, poll, sleep } from './check.ts';
import { GoClient, probe, type GoOptions } from './goclient.ts';
import { Exchange, ports, type Client, type ClientOptions } from './lines.ts';
import type { Room, Run } from './run.ts';
import { test } from './scenario.ts';

export const udp = 'meta l4proto udp';
export const mediaUp = `meta l4proto { udp, tcp } th dport { ${ports.udp}, ${ports.tcp} }`;
export const mediaDown = `meta l4proto { udp, tcp } th sport { ${ports.udp}, ${ports.tcp} }`;

export interface About {
  how: string;
  cause?: string; // none: a control, after which no failure may be told
  also?: string[]; // causes that would be right as well
  wrong?: string[]; // causes that would be the worst answers
  heldOut?: boolean; // kept from whoever writes rules
  browser?: boolean; // hers is Chromium
  client?: ClientOptions;
  settings?: { media?: object; http?: object };
  ms?: number;
}

// Stage is what a replay has: a server, a room, her line, and others on good ones.
export class Stage {
  readonly t: Run;
  readonly x: Exchange;
  readonly room: Room;
  readonly hers: Client;

  constructor(t: Run, x: Exchange, room: Room, hers: Client) {
    [this.t, this.x, this.room, this.hers] = [t, x, room, hers];
  }

  get line() { return this.hers.line; }

  // go is a Go client that sends and receives; at another client's place with where.
  go(name: string, where: Client, { room = this.room, ...options }: GoOptions & { room?: Room } = {}): Promise<GoClient> {
    return GoClient.run(this.t, room, name, {
      netns: where.line.name, at: where.server.url, command: go => [probe(this.t), 'sit', go.at, go.token, go.id], ...options,
    });
  }

  // others are in the room and receive each other before anything goes wrong.
  async others(n = 2): Promise<GoClient[]> {
    const others = await Promise.all(Array.from({ length: n }, (_, i) => this.go(`other-${i + 1}`, this.x.steady)));
    await this.receive(...others);
    return others;
  }

  // receive waits until everybody receives everybody else.
  async receive(...people: GoClient[]) {
    for (const here of people) {
      await here.heard('joined', undefined, { ms: 40_000 });
      for (const there of people) if (there !== here) await here.heard('receives', l => l.peer === there.id, { ms: 40_000 });
    }
  }

  // told waits for a failure of hers; both waits for both accounts of it.
  told(match: Record<string, any>, { both = false, ms = 60_000, where = (_: RedialEvent) => true as unknown } = {}): Promise<RedialEvent> {
    return this.x.rest.event({ room_id: this.room.id, error: true, halves: true, ...match } as any, e => {
      const halves = (e as any).redial ?? {};
      return (!both || halves.server && halves.client) && where(e);
    }, ms);
  }

  // settled gives both sides time to tell of failures, and of what follows from them.
  async settled(ids: string[]) {
    const until = Date.now() + 25_000;
    for (;;) {
      const waiting = (await this.all({ room_id: undefined })).filter(e => {
        const { client, server } = (e as any).redial ?? {};
        return ids.includes(e.id) && !(client && server);
      });
      if (!waiting.length || Date.now() > until) return;
      await sleep(1000);
    }
  }

  // all gives the failures there are.
  all(match: Record<string, any> = {}): Promise<RedialEvent[]> {
    return this.x.rest.events({ error: true, halves: true, ...match } as any);
  }
}

// replay declares one. run provokes the cause and returns the failures to be
// explained, by what is put behind the replay's name.
export function replay(name: string, about: About, run: (s: Stage) => Promise<RedialEvent | RedialEvent[] | void>) {
  test(name, async ({ t, limit }) => {
    limit.begin(about.ms ?? 150_000);
    const { how, cause, also, wrong, heldOut, browser = false, client, settings = {} } = about;
    const x = await t.exchange({ ...settings, browser: false });
    const hers = await x.client({ browser, ...client });
    const s = new Stage(t, x, await t.room(), hers);
    const told = await run(s) ?? [];
    const events = [told].flat().map(e => e.id);
    await s.settled(events);
    if (!cause) assert.deepEqual(events, [], 'a control has nothing to explain');
    await x.halt();
    const kept = process.env.REDIAL_REPLAYS;
    if (!kept) return;
    const dir = `${kept}/${name}`;
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    cpSync(`${x.dir}/data`, `${dir}/data`, { recursive: true });
    writeFileSync(`${dir}/replay.json`, JSON.stringify({
      name, how, client: browser ? 'chromium' : 'go', cause, also, wrong, held_out: heldOut, recorded: new Date().toISOString().slice(0, 10), events,
    }));
  });
}

export { assert, poll };
