// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// An Exchange is a server with a namespace of its own and a line of its own to
// each client: what goes wrong on one line is nobody else's trouble, and nothing
// is told to the side that sends, as on a real network.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { launch, type Kind } from './browser.ts';
import { assert, sleep } from './check.ts';
import { serveNames } from './dns.ts';
import { Line, Namespace } from './netns.ts';
import { start, stop, type Child } from './process.ts';
import { REST } from './rest.ts';
import type { Template } from './run.ts';
import { setup } from './setup.ts';
import { Site } from './site.ts';
import type { Address, Place, Service } from './world.ts';

// Where the server of an exchange is, in its own namespace.
const address = '10.77.0.1';
export const ports = { http: 8080, https: 443, udp: 7882, tcp: 7881 };
const host = 'rtc.test'; // its name, for clients that ask the exchange's name server

// initOf is what the SDK is given to ask for its settings, which takes https only.
const initOf = (url: string) => (url.startsWith('https:') ? url : `${url}/#https://`);

// Client is a browser on a line of its own.
export interface Client extends Place {
  dir: string;
  line: Line;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  close(): Promise<void>;
}

export interface ClientOptions { byName?: boolean; flags?: string[]; browser?: boolean; kind?: Kind }

// ExchangeOptions are settings of the server, whether it speaks https, and whether the
// steady client has a browser.
export interface ExchangeOptions { media?: object; http?: object; limits?: object; https?: boolean; browser?: boolean }

export class Exchange implements Service {
  readonly dir: string;
  readonly netns: Namespace;
  server!: Address & { log: string };
  steady!: Client;
  rest!: REST;
  small?: Promise<Template>;
  key!: { access: string; secret: string };
  process!: Child; // of the server
  restart!: () => void; // starts it again after it has ended
  #clients = 0; #closers: (() => unknown)[] = [];

  constructor(dir: string, netns: Namespace) {
    this.dir = dir;
    this.netns = netns;
  }

  // open starts a server as an operator does, with a file of settings, and a
  // client on a line that works.
  static async open(dir: string, { browser = true, ...settings }: ExchangeOptions = {}): Promise<Exchange> {
    await mkdir(dir, { recursive: true });
    const x = new Exchange(dir, await Namespace.create());
    try {
      x.#closers.push(() => x.netns.remove());
      await x.netns.ip('addr', 'add', `${address}/32`, 'dev', 'lo');
      await x.#serve(settings);
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

  async #serve({ media, http, limits, https }: ExchangeOptions) {
    const { bin, certDir } = setup();
    const port = https ? ports.https : ports.http;
    const secured = https ? { tls_cert: `${certDir}/cert.pem`, tls_key: `${certDir}/key.pem` } : { allow_plaintext: true };
    const key = execFileSync(bin, ['token', 'key'], { encoding: 'utf8' }).trim();
    const [access, secret] = key.split(':');
    writeFileSync(`${this.dir}/redial.yaml`, JSON.stringify({ // every JSON is YAML
      http: { address: `${address}:${port}`, ...secured, ...http },
      media: { udp: `${address}:${ports.udp}`, tcp: `${address}:${ports.tcp}`, ...media },
      access: { keys: [{ access, secret }] },
      ...(limits ? { limits } : {}),
      data: { dir: `${this.dir}/data` },
      metrics: { token: secret },
    }));
    const log = `${this.dir}/server.log`;
    const url = https ? `https://${address}` : `http://${address}:${port}`;
    this.key = { access, secret };
    const run = () => start(bin, ['serve', '-config', `${this.dir}/redial.yaml`, '-log-level', globalThis.process.env.REDIAL_E2E_LOG || 'info'], { netns: this.netns.name, log });
    this.process = run();
    this.restart = () => { this.process = run(); };
    this.#closers.push(() => this.halt());
    this.server = {
      log, url, port, init: initOf(url), info: { rooms: [] },
      managementToken: execFileSync(bin, ['token', 'management', '-key', key], { encoding: 'utf8' }).trim(),
    };
    const names = await serveNames({ [host]: address }, { netns: this.netns.name, address, log: `${this.dir}/names.log` });
    this.#closers.push(() => stop(names));
  }

  // client is a browser on a line of its own, in the shape of a world. byName
  // lets it look the server up, as most clients do; without a browser the line
  // is for other programs.
  async client({ byName = false, flags = [], browser = true, kind }: ClientOptions = {}): Promise<Client> {
    const n = ++this.#clients;
    const dir = `${this.dir}/client-${n}`;
    await mkdir(dir, { recursive: true });
    const line = await Line.lay(this.netns, address, n);
    // freeze stops the browser's processes and nothing else, until thaw.
    const signal = async (name: NodeJS.Signals, which: (command: string) => boolean = () => true) => {
      for (const pid of await line.pids()) {
        const about = (what: string) => readFileSync(`/proc/${pid}/${what}`, 'utf8');
        try {
          if (/chrom/.test(about('comm')) && which(about('cmdline'))) process.kill(pid, name);
        } catch (e) {
          if (!['ENOENT', 'ESRCH'].includes((e as NodeJS.ErrnoException).code ?? '')) throw e; // it has not just ended
        }
      }
    };
    // The pages come last, so that they hear first that their socket is closed and
    // then that media has failed. The other way round, web SDK 0.15.2 never says
    // RECONNECTED: a retry that begins while another runs goes back, as the last to
    // end, to the state that it began in, which is Reconnecting.
    const thaw = async () => {
      await signal('SIGCONT', command => !command.includes('--type=renderer'));
      await sleep(1000);
      await signal('SIGCONT');
    };
    const closers: (() => unknown)[] = [() => line.remove()];
    const close = async () => {
      for (const fn of closers.splice(0).reverse()) await fn();
    };
    this.#closers.push(close);
    const site = await Site.start({ netns: line.name, log: `${dir}/site.log` });
    closers.push(() => site.close());
    const url = byName ? `http://${host}:${ports.http}` : this.server.url;
    await site.target(url);
    const its = browser ? await launch({ netns: line.name, dir, site, flags, kind }) : undefined;
    closers.push(() => its?.close().catch(() => {}));
    return {
      dir, line, site, close,
      server: { ...this.server, url, init: initOf(url) },
      browserOf: () => its ?? assert.fail('this line is for other programs than a browser'),
      freeze: () => signal('SIGSTOP'),
      thaw,
    };
  }

  // halt ends the server.
  halt() { return stop(this.process, { grace: 10_000 }); }

  async close() {
    for (const fn of this.#closers.splice(0).reverse()) await fn();
  }
}
