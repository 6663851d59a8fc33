// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The server of a world: the package that apps test with, in a network of its own
// if need be and with its log in a file.
import { appendFileSync } from 'node:fs';
import { startRedial, type Redial } from '@redial-rtc/testing';
import { patience } from './patience.ts';
import type { Address } from './world.ts';

interface Options { bin: string; data: string; log: string; netns?: string; args?: string[] }

export class Server implements Address {
  readonly options: Options;
  url = '';
  init = '';
  managementToken = '';
  port = 0;
  info: Address['info'] = { rooms: [] };
  openVidu = { url: '', secret: '' }; // what a backend of OpenVidu 2 is given
  openTok = { url: '', apiKey: '', apiSecret: '', script: '', sessionId: '', token: '' }; // one of OpenTok, and a session in the room "demo"
  sceenic = { url: '', key: '', secret: '' }; // and one of Sceenic WatchTogether
  #redial?: Redial;

  constructor(options: Options) {
    this.options = options;
  }

  get data() { return this.options.data; }

  // start runs the server. A second start comes back where the first one was, as
  // a restarted service does.
  async start(): Promise<this> {
    const { bin, data, log, netns, args = [] } = this.options;
    const carry = process.env.REDIAL_E2E_TRANSPORT;
    if (this.#redial) {
      await this.#redial.restart();
    } else {
      this.#redial = await startRedial({
        binary: bin, dataDir: data, args: carry ? [...args, '-transport', carry] : args, timeout: Math.ceil(30_000 * patience()),
        command: netns ? ['ip', 'netns', 'exec', netns] : [],
        onLog: (text: string) => appendFileSync(log, text),
      });
    }
    const { url, initEndpoint: init, managementToken, accessKey, secret, rooms, openVidu, sceenic, openTok } = this.#redial!;
    Object.assign(this, { url, init, managementToken, port: Number(new URL(url).port), openVidu, sceenic, openTok });
    this.info = { access_key: accessKey, secret, rooms: rooms ?? [] };
    return this;
  }

  kill() { return this.#redial?.kill(); }
  stop() { return this.#redial?.shutdown(); }
}
