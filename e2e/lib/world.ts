// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A World is a server, the site beside it and browsers, sharing one network.
import { mkdir } from 'node:fs/promises';
import type { Browser } from '@playwright/test';
import { launch, type Kind } from './browser.ts';
import { assert } from './check.ts';
import { Namespace } from './netns.ts';
import { REST } from './rest.ts';
import { Server } from './server.ts';
import { setup } from './setup.ts';
import { Site } from './site.ts';
import type { Template } from './run.ts';

// Address is where a server is and what opens it.
export interface Address {
  url: string;
  init: string; // what apps pass as initEndpoint
  port: number;
  managementToken: string;
  info: { access_key?: string; secret?: string; rooms: { id: string; name: string; tokens: Record<string, string> }[] };
}

// Place is where people can be: a world, or a client of an exchange.
export interface Place {
  server: Address;
  site: Site;
  browserOf(kind?: Kind): Browser | Promise<Browser>;
}

// Service is a server with the REST API of its backend.
export interface Service {
  server: Address;
  rest: REST;
  small?: Promise<Template>; // see Run.small
}

export interface WorldOptions { netns?: boolean; flags?: string[]; serverArgs?: string[]; data?: string }

export class World implements Place, Service {
  readonly dir: string;
  server!: Server;
  site!: Site;
  rest!: REST;
  browser!: Browser;
  small?: Promise<Template>;
  #netns?: Namespace; #others = new Map<Kind, Promise<Browser>>();

  constructor(dir: string, netns?: Namespace) {
    this.dir = dir;
    this.#netns = netns;
  }

  get netns(): Namespace { return this.#netns ?? assert.fail('this world shares the machine\'s network'); }

  // start builds a world in dir; with netns it is cut off from the machine's
  // own network and can be cut further.
  static async start(dir: string, { netns = false, flags, serverArgs, data = `${dir}/data` }: WorldOptions = {}): Promise<World> {
    await mkdir(dir, { recursive: true });
    const world = new World(dir, netns ? await Namespace.create() : undefined);
    try {
      const ns = world.#netns?.name;
      world.server = await new Server({ bin: setup().bin, data, log: `${dir}/server.log`, netns: ns, args: serverArgs }).start();
      world.site = await Site.start({ netns: ns, log: `${dir}/site.log` });
      await world.site.target(world.server.url);
      world.rest = new REST(ns ? world.site : undefined, world.server);
      world.browser = await launch({ netns: ns, dir, site: world.site, flags });
      return world;
    } catch (e) {
      await world.close();
      throw e;
    }
  }

  // browserOf is this world's browser of a kind; see launch.
  browserOf(kind: Kind = 'usual'): Browser | Promise<Browser> {
    if (kind === 'usual') return this.browser;
    if (!this.#others.has(kind)) {
      this.#others.set(kind, launch({ kind, netns: this.#netns?.name, dir: this.dir, site: this.site }));
    }
    return this.#others.get(kind)!;
  }

  // cutMedia leaves signalling and pages and nothing else.
  cutMedia(options?: { refuse?: boolean }) {
    return this.netns.cutMedia([this.server.port, this.site.pagePort, this.site.tlsPort], options);
  }

  async close() {
    for (const browser of [this.browser, ...this.#others.values()]) await Promise.resolve(browser).then(b => b?.close()).catch(() => {});
    await this.site?.close();
    try {
      await this.server?.stop();
    } finally {
      await this.#netns?.remove();
    }
  }
}
