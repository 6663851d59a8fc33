// An Exchange is a server with a namespace of its own and a line of its own to
// each client: what goes wrong on one line is nobody else's trouble, and nothing
// is told to the side that sends, as on a real network.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { launch } from './browser.mjs';
import { serveNames } from './dns.mjs';
import { Line, Namespace } from './netns.mjs';
import { start, stop } from './process.mjs';
import { REST } from './rest.mjs';
import { Site } from './site.mjs';

// Where the server of an exchange is, in its own namespace.
const address = '10.77.0.1';
export const ports = { http: 8080, udp: 7882, tcp: 7881 };
const host = 'rtc.test'; // its name, for clients that ask the exchange's name server

export class Exchange {
  #setup; #clients = 0; #closers = [];

  // open starts a server as an operator does, with a file of settings, and a
  // client on a line that works. media changes the settings of that name.
  static async open(setup, { dir, media = {}, browser = true }) {
    const x = new Exchange();
    x.#setup = setup;
    x.dir = dir;
    await mkdir(dir, { recursive: true });
    try {
      x.netns = await Namespace.create();
      x.#closers.push(() => x.netns.remove());
      await x.netns.ip('addr', 'add', `${address}/32`, 'dev', 'lo');
      await x.#serve(media);
      x.steady = await x.client({ browser });
      x.rest = new REST(x.steady.site, x.server);
      // Whoever reads the default template looks it up by a room of the server.
      x.server.info.rooms.push(await x.rest.post('/v2/rooms', { name: 'first' }));
      return x;
    } catch (e) {
      await x.close();
      throw e;
    }
  }

  async #serve(media) {
    const { bin } = this.#setup;
    const key = execFileSync(bin, ['token', 'key'], { encoding: 'utf8' }).trim();
    const [access, secret] = key.split(':');
    writeFileSync(`${this.dir}/redial.yaml`, JSON.stringify({ // every JSON is YAML
      http: { address: `${address}:${ports.http}`, allow_plaintext: true },
      media: { udp: `${address}:${ports.udp}`, tcp: `${address}:${ports.tcp}`, ...media },
      access: { keys: [{ access, secret }] },
      data: { dir: `${this.dir}/data` },
      metrics: { token: secret },
    }));
    const log = `${this.dir}/server.log`;
    const url = `http://${address}:${ports.http}`;
    const process = start(bin, ['serve', '-config', `${this.dir}/redial.yaml`, '-log-level', globalThis.process.env.REDIAL_E2E_LOG || 'info'], { netns: this.netns.name, log });
    this.#closers.push(() => stop(process, { grace: 10_000 }));
    this.server = {
      process, log, url, port: ports.http, init: `${url}/#https://`, info: { rooms: [] }, metricsToken: secret,
      managementToken: execFileSync(bin, ['token', 'management', '-key', key], { encoding: 'utf8' }).trim(),
    };
    const names = await serveNames({ [host]: address }, { netns: this.netns.name, address, log: `${this.dir}/names.log` });
    this.#closers.push(() => stop(names));
  }

  // client is a browser on a line of its own, in the shape of a world. byName
  // lets it look the server up, as most clients do; without a browser the line
  // is for other programs.
  async client({ byName = false, flags = [], browser = true } = {}) {
    const n = ++this.#clients;
    const dir = `${this.dir}/client-${n}`;
    await mkdir(dir, { recursive: true });
    const { pageDir, certDir } = this.#setup;
    const line = await Line.lay(this.netns, address, n);
    const client = { dir, line, rest: this.rest, browserOf: () => client.browser };
    // freeze stops the browser's processes and nothing else, until thaw.
    const signal = async name => {
      for (const pid of await line.pids()) {
        if (/chrom/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))) process.kill(pid, name);
      }
    };
    client.freeze = () => signal('SIGSTOP');
    client.thaw = () => signal('SIGCONT');
    client.close = async () => {
      await client.browser?.close().catch(() => {});
      await client.site?.close();
      await line.remove();
    };
    this.#closers.push(client.close);
    client.site = await Site.start({ pageDir, certDir, netns: line.name, log: `${dir}/site.log` });
    const url = byName ? `http://${host}:${ports.http}` : this.server.url;
    client.server = { ...this.server, url, init: `${url}/#https://` };
    await client.site.target(url);
    if (browser) client.browser = await launch({ netns: line.name, dir, reportPort: client.site.tlsPort, flags });
    return client;
  }

  async close() {
    for (const fn of this.#closers.splice(0).reverse()) await fn();
  }
}
