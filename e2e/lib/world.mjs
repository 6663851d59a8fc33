// A World is a server, the site beside it and browsers, sharing one network.
import { mkdir } from 'node:fs/promises';
import { launch } from './browser.mjs';
import { Namespace } from './netns.mjs';
import { REST } from './rest.mjs';
import { Server } from './server.mjs';
import { Site } from './site.mjs';

export class World {
  #others = new Map();

  // start builds a world in dir; with netns it is cut off from the machine's
  // own network and can be cut further.
  static async start({ bin, dir, pageDir, certDir, netns = false, flags }) {
    await mkdir(dir, { recursive: true });
    const world = new World();
    world.dir = dir;
    try {
      if (netns) world.netns = await Namespace.create();
      const ns = world.netns?.name;
      world.server = await new Server({ bin, data: `${dir}/data`, log: `${dir}/server.log`, netns: ns }).start();
      world.site = await Site.start({ pageDir, certDir, netns: ns, log: `${dir}/site.log` });
      await world.site.target(world.server.url);
      world.rest = new REST(ns ? world.site : undefined, world.server);
      world.browser = await launch({ netns: ns, dir, reportPort: world.site.tlsPort, flags });
      return world;
    } catch (e) {
      await world.close();
      throw e;
    }
  }

  // browserOf is this world's browser of a kind; see launch.
  browserOf(kind = 'usual') {
    if (kind === 'usual') return this.browser;
    if (!this.#others.has(kind)) {
      this.#others.set(kind, launch({ kind, netns: this.netns?.name, dir: this.dir, reportPort: this.site.tlsPort }));
    }
    return this.#others.get(kind);
  }

  // cutMedia leaves signalling and pages and nothing else.
  cutMedia(options) {
    return this.netns.cutMedia([this.server.port, this.site.pagePort, this.site.tlsPort], options);
  }

  async close() {
    for (const browser of [this.browser, ...this.#others.values()]) await Promise.resolve(browser).then(b => b?.close()).catch(() => {});
    await this.site?.close();
    try {
      await this.server?.stop();
    } finally {
      await this.netns?.remove();
    }
  }
}
