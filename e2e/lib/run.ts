// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What a scenario is given: rooms, people and a place for its evidence.
import { mkdir } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { assert } from './check.ts';
import { Exchange, type ExchangeOptions } from './lines.ts';
import { setup, type Setup } from './setup.ts';
import { Tab, type Config, type TabOptions } from './tab.ts';
import { World, type Place, type Service, type WorldOptions } from './world.ts';

export interface Room { id: string; name?: string; template_id?: string }
export interface Template { id: string; name: string; roles: Record<string, any>; settings: unknown }
type RoomOptions = { template?: { id: string } | null } & Record<string, unknown>;

interface Given {
  name: string;
  dir: string;
  shared: () => Promise<World>;
  exchange: () => Promise<Exchange>;
}

export class Run {
  readonly name: string;
  readonly dir: string; // for its evidence; kept when it fails
  readonly setup: Setup = setup();
  #given: Given; #own?: Service; #cleanups: (() => unknown)[] = []; #tabs: Tab[] = [];

  constructor(given: Given) {
    this.#given = given;
    this.name = given.name;
    this.dir = given.dir;
  }

  // world is where the scenario plays: the shared one, unless it took another.
  async world(): Promise<Service> { return (this.#own ??= await this.#given.shared()); }

  // place is where people are by default.
  async place(): Promise<Place> {
    const own = await this.world();
    return own instanceof World ? own : assert.fail('people of an exchange are at a client of it');
  }

  // ownWorld gives the scenario a server and browser nobody else uses.
  async ownWorld(options?: WorldOptions): Promise<World> {
    const world = await World.start(`${this.dir}/world`, options);
    this.cleanup(() => world.close());
    this.#own = world;
    return world;
  }

  cleanup(fn: () => unknown) { this.#cleanups.push(fn); }

  // exchange has the scenario play on an exchange: the shared one, or with options
  // one that nobody else uses.
  async exchange(options?: ExchangeOptions): Promise<Exchange> {
    const x = options ? await Exchange.open(`${this.dir}/exchange`, options) : await this.#given.exchange();
    if (options) this.cleanup(() => x.close());
    this.#own = x;
    return x;
  }

  // template stores a template made of the default one and the given changes.
  async template(change: (made: Omit<Template, 'id'>) => void): Promise<Template> {
    const { rest, server } = await this.world();
    const room = await rest.get(`/v2/rooms/${server.info.rooms[0].id}`);
    const base = await rest.get(`/v2/templates/${room.template_id}`);
    const made = { name: `e2e-${randomUUID().slice(0, 8)}`, roles: structuredClone(base.roles), settings: base.settings };
    change(made);
    return rest.post('/v2/templates', made);
  }

  // small is the default template with one small picture per source, so that the
  // scenarios that are about something else leave the processor to others.
  async small(): Promise<Template> {
    const world = await this.world();
    return (world.small ??= this.template(made => {
      for (const role of Object.values(made.roles)) {
        role.publishParams.simulcast = { video: {}, screen: {} };
        Object.assign(role.publishParams.video, { width: 320, height: 180, frameRate: 15, bitRate: 150 });
        Object.assign(role.publishParams.screen, { width: 640, height: 360, frameRate: 5, bitRate: 300 });
      }
    }));
  }

  // room creates a room of its own for the scenario; its template is the small
  // one unless another is given (null for the server's default).
  async room({ template, ...fields }: RoomOptions = {}): Promise<Room> {
    const { rest } = await this.world();
    if (template === undefined) template = await this.small();
    return rest.post('/v2/rooms', {
      name: `${this.name.replace(/[^a-z0-9]+/gi, '-')}-${randomUUID().slice(0, 8)}`,
      ...(template ? { template_id: template.id } : {}),
      ...fields,
    });
  }

  // open gives a person a token and the page, without joining.
  async open(room: Room, name: string, role = 'host', options: TabOptions = {}): Promise<Tab> {
    const { rest } = await this.world();
    const world = options.world ?? await this.place();
    const userId = options.userId ?? `user-${name}`;
    const token = options.token ?? await rest.token(room.id, role, userId);
    await mkdir(this.dir, { recursive: true });
    const tab = await Tab.open({ ...options, world, dir: this.dir, room, name, role, userId, token });
    this.#tabs.push(tab);
    return tab;
  }

  // join opens the page and joins; config goes to the SDK's join.
  async join(room: Room, name: string, role = 'host', { config, ...options }: TabOptions & { config?: Config } = {}): Promise<Tab> {
    return (await this.open(room, name, role, options)).join(config);
  }

  // call is the usual beginning: a room with the given people in it.
  async call(people: Partial<Record<'alice' | 'bob', string>> = { alice: 'host', bob: 'host' }, options: RoomOptions = {}): Promise<{ room: Room; alice: Tab; bob: Tab }> {
    const room = await this.room(options);
    const tabs = {} as { alice: Tab; bob: Tab };
    for (const [name, role] of Object.entries(people)) tabs[name as 'alice' | 'bob'] = await this.join(room, name, role);
    return { room, ...tabs };
  }

  // check fails the scenario for errors that nobody caught in a page.
  async check() {
    for (const tab of this.#tabs) {
      const uncaught = await tab.uncaught();
      if (uncaught.length) throw new Error(`errors nobody caught in ${tab.name}'s page:\n${uncaught.join('\n')}`);
    }
  }

  async close({ failed }: { failed: boolean }) {
    if (failed) await Promise.all(this.#tabs.map(tab => tab.keepEvidence()));
    await Promise.all(this.#tabs.map(tab => tab.close()));
    for (const fn of this.#cleanups.reverse()) await fn();
  }
}
