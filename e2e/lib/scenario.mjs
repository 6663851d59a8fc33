// What a scenario is given: rooms, people and a place for its evidence.
import { mkdir, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { patience } from './check.mjs';
import { Tab } from './tab.mjs';
import { World } from './world.mjs';

// scenario declares one check. Options: idle (mostly waits, may overlap others),
// ms (its time limit).
export const scenario = (name, options, run) =>
  typeof options === 'function' ? { name, run: options } : { name, ...options, run };

export class Run {
  #cleanups = []; #tabs = [];

  constructor({ scenario, shared, setup }) {
    Object.assign(this, { scenario, shared, setup, dir: `${setup.dir}/${scenario.name}` });
  }

  async world() { return (this.own ??= await this.shared()); }

  // ownWorld gives the scenario a server and browser nobody else uses.
  async ownWorld(options = {}) {
    this.own = await World.start({ ...this.setup, ...options, dir: `${this.dir}/world` });
    this.cleanup(() => this.own.close());
    return this.own;
  }

  cleanup(fn) { this.#cleanups.push(fn); }

  // template stores a template made of the default one and the given changes.
  async template(change) {
    const { rest, server } = await this.world();
    const room = await rest.get(`/v2/rooms/${server.info.rooms[0].id}`);
    const base = await rest.get(`/v2/templates/${room.template_id}`);
    const made = { name: `e2e-${randomUUID().slice(0, 8)}`, roles: structuredClone(base.roles), settings: base.settings };
    change(made);
    return rest.post('/v2/templates', made);
  }

  // small is the default template with one small picture per source, so that the
  // scenarios that are about something else leave the processor to others.
  async small() {
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
  async room({ template, ...fields } = {}) {
    const { rest } = await this.world();
    if (template === undefined) template = await this.small();
    return rest.post('/v2/rooms', {
      name: `${this.scenario.name.replace(/[^a-z0-9]+/gi, '-')}-${randomUUID().slice(0, 8)}`,
      ...(template ? { template_id: template.id } : {}),
      ...fields,
    });
  }

  // open gives a person a token and the page, without joining.
  async open(room, name, role = 'host', options = {}) {
    const world = await this.world();
    const userId = options.userId ?? `user-${name}`;
    const token = options.token ?? await world.rest.token(room.id, role, userId);
    await mkdir(this.dir, { recursive: true });
    const tab = await Tab.open({ world, dir: this.dir, room, name, role, userId, ...options, token });
    this.#tabs.push(tab);
    return tab;
  }

  // join opens the page and joins; config goes to the SDK's join.
  async join(room, name, role = 'host', { config, ...options } = {}) {
    return (await this.open(room, name, role, options)).join(config);
  }

  // call is the usual beginning: a room with the given people in it.
  async call(people = { alice: 'host', bob: 'host' }, options = {}) {
    const room = options.room ?? await this.room(options);
    const tabs = {};
    for (const [name, role] of Object.entries(people)) tabs[name] = await this.join(room, name, role);
    return { room, ...tabs };
  }

  async execute() {
    await mkdir(this.dir, { recursive: true });
    const limit = (this.scenario.ms ?? 60_000) * patience();
    let timer;
    try {
      const value = await Promise.race([
        this.scenario.run(this),
        new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not done after ${limit / 1000} s`)), limit); }),
      ]);
      for (const tab of this.#tabs) {
        const uncaught = await tab.uncaught();
        if (uncaught.length) throw new Error(`errors nobody caught in ${tab.name}'s page:\n${uncaught.join('\n')}`);
      }
      return value;
    } catch (e) {
      await Promise.all(this.#tabs.map(tab => tab.keepEvidence()));
      await writeFile(`${this.dir}/failure.txt`, `${e.stack}\n`);
      throw e;
    } finally {
      clearTimeout(timer);
      await Promise.all(this.#tabs.map(tab => tab.close()));
      for (const fn of this.#cleanups.reverse()) await fn();
    }
  }
}
