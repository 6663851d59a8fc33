// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What goes wrong for apps of OpenTok: servers that are not the one that is meant,
// networks that carry nothing, files that cannot be played and, where nothing of
// that leads to an error, functions of the browser that are replaced.
import { request, createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AppTab } from '../lib/apptab.ts';
import { poll } from '../lib/check.ts';
import { tokenOf, type Talk } from '../lib/opentok.ts';
import { start, stop } from '../lib/process.ts';
import type { Run } from '../lib/run.ts';

// Shown is what the app was told.
export interface Shown { name?: string; code?: number; fault?: string; own?: boolean }

// Stage is where rows play.
export interface Stage {
  t: Run;
  session: Talk;
  room: string; // its id
  peers: Record<string, string>; // ids of connections by the names of pages
  mod: AppTab; // a moderator, who receives bob
  bob: AppTab; // a publisher
  sub: AppTab; // a subscriber
  out: AppTab; // not connected
  denied: AppTab; // whose user says no to everything
  bare: AppTab; // a publisher on a machine without camera, whose browser shares no screens
  phone: AppTab; // the same on a phone
  plain: AppTab; // a publisher on a page by HTTP
  elsewhere: string; // address of a web server that is not Redial
  nowhere: string; // address at which nobody listens
  terms: string; // address of a server whose terms exclude everybody on this machine
}

export const wrong = async (tab: AppTab, action: string, ...args: unknown[]): Promise<Shown | undefined> => (await tab.attempt(action, ...args)).error;

export const connect = (tab: AppTab, { session }: Stage, token = tokenOf(session), id = session.id) => wrong(tab, 'connect', session.key, id, token, {});

// through connects while the app believes the server to be at another address.
export async function through(s: Stage, address: string): Promise<Shown | undefined> {
  await s.out.act('call', 'OT.setProxyUrl', address);
  try {
    return await connect(s.out, s);
  } finally {
    await s.out.act('call', 'OT.setProxyUrl', s.session.url);
  }
}

const listening = async (server: Server) => {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

// nowhere is an address that nobody listens at. A port that was free a moment ago may
// be given to the next who asks.
const nowhere = 'http://127.0.0.1:2';

// otherServers are web servers that an app can be led to by a wrong address: others than
// Redial, none, and one whose operator serves nobody here.
export async function otherServers(t: Run): Promise<Pick<Stage, 'elsewhere' | 'nowhere' | 'terms'>> {
  const answers: Record<string, (res: ServerResponse) => unknown> = {
    empty: res => res.end(),
    api: res => res.end('{"status":"ok"}'),
    page: res => res.end('<!doctype html><h1>Welcome</h1>'),
    // A reverse proxy whose server does not run.
    gateway: res => request(nowhere).on('error', () => res.writeHead(502).end('<h1>Bad Gateway</h1>')).end(),
  };
  const server = createServer(({ url = '', method }, res) => {
    const [, kind = ''] = url.split('/');
    if (kind !== 'closed') for (const what of ['origin', 'headers']) res.setHeader(`access-control-allow-${what}`, '*'); // 'closed' lets no page of others read it
    if (method === 'OPTIONS') res.end();
    else (answers[kind] ?? answers.api!)(res);
  });
  const elsewhere = await listening(server);
  t.cleanup(() => server.close());
  const { info: { access_key: access, secret } } = (await t.world()).server;
  writeFileSync(`${t.dir}/terms.yaml`, JSON.stringify({ // every JSON is YAML
    http: { address: '127.0.0.1:0' }, media: { udp: '127.0.0.1:0', tcp: '' }, data: { dir: `${t.dir}/terms` },
    access: { keys: [{ access, secret }] }, opentok: { enabled: true, denied_networks: ['127.0.0.0/8'] },
  }));
  const log = `${t.dir}/terms.log`;
  const redial = start(t.setup.bin, ['serve', '-config', `${t.dir}/terms.yaml`], { log });
  t.cleanup(() => stop(redial));
  const terms = await poll('the server that serves nobody', () => /msg=ready url=(\S+)/.exec(readFileSync(log, 'utf8'))?.[1]);
  return { elsewhere, nowhere, terms };
}

// relayed has a page go by a TURN server that is not there, so that nothing of what it
// sends or receives from then on comes through.
export const relayed = (tab: AppTab) => tab.act('call', 'session.setIceConfig', {
  includeServers: 'custom', transportPolicy: 'relay', customServers: [{ urls: 'turn:127.0.0.1:9', username: 'u', credential: 'c' }],
});

// credentialless has it name a TURN server of which the browser makes no connection.
export async function credentialless(tab: AppTab, run: () => Promise<Shown | undefined>) {
  const servers = (customServers: object[]) => tab.act('call', 'session.setIceConfig', { includeServers: 'all', customServers });
  await servers([{ urls: 'turn:127.0.0.1:9' }]);
  const shown = await run();
  await servers([]);
  return shown;
}

// runs evaluates a call in the page and gives its error.
export const runs = (tab: AppTab, run: string): Promise<Shown | undefined> => tab.eval(async run => (await (0, eval)(`(${run})`)()).error, run);

export const canvas = '{ canvas: true, audioSource: null }';
export const publish = (properties: string) => `() => ot.publish('x' + Math.random(), ${properties})`;
export const preview = (properties: string) => `() => ot.preview('x' + Math.random(), ${properties})`;
// A subscription anew to the first stream that is received.
export const subscribe = '() => { const id = [...ot.subscribers.keys()][0]; ot.session.unsubscribe(ot.subscribers.get(id)); return ot.subscribe(id); }';

// spoiled has the app give each video element that the library makes a file to play in
// place of its stream: a recording that is damaged, or something that is no recording.
export async function spoiled(tab: AppTab, what: 'damaged' | 'none', run: string): Promise<Shown | undefined> {
  await tab.eval(what => ot.spoil(what), what);
  try {
    return await runs(tab, run);
  } finally {
    await tab.eval(() => ot.spoil());
  }
}

/* eslint-disable */
const stubs = {
  busy: () => {
    const was = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
    return () => { MediaDevices.prototype.getUserMedia = was; };
  },
  deadMicrophone: () => {
    const was = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (c) { const s = await was.call(this, c); s.getAudioTracks()[0]!.stop(); return s; };
    return () => { MediaDevices.prototype.getUserMedia = was; };
  },
  noRemote: () => {
    const was = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = () => Promise.reject(new DOMException('no', 'InvalidAccessError'));
    return () => { RTCPeerConnection.prototype.setRemoteDescription = was; };
  },
};

// stubbed runs something in the page while a function of the browser is another one.
export const stubbed = (tab: AppTab, stub: keyof typeof stubs, run: string): Promise<Shown | undefined> => tab.eval(async ({ stub, run }) => {
  const undo = (0, eval)(`(${stub})`)() as () => void;
  try {
    return (await (0, eval)(`(${run})`)()).error;
  } finally {
    undo();
  }
}, { stub: String(stubs[stub]), run });

// failing has video elements say that they have failed in a way in which they hardly ever do.
export const failing = (tab: AppTab, code: number, run: string): Promise<Shown | undefined> => tab.eval(async ({ code, run }) => {
  const was = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'error')!;
  Object.defineProperty(HTMLMediaElement.prototype, 'error', { get: () => ({ code, message: '' }), configurable: true });
  try {
    return (await (0, eval)(`(${run})`)()).error;
  } finally {
    Object.defineProperty(HTMLMediaElement.prototype, 'error', was);
  }
}, { code, run });

// emptied has the page read an answer with nothing in it in the place of the server's.
export const emptied = (tab: AppTab, method: string, run: string): Promise<Shown | undefined> => tab.eval(async ({ method, run }) => {
  const was = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    const { id, method: asks } = JSON.parse(String(data));
    if (asks === method) {
      const { onmessage } = this;
      this.onmessage = e => {
        const told = JSON.parse(e.data);
        if (told.id !== id || told.method) return onmessage!.call(this, e);
        this.onmessage = onmessage;
        onmessage!.call(this, new MessageEvent('message', { data: JSON.stringify({ jsonrpc: '2.0', id, result: {} }) }));
      };
    }
    was.call(this, data);
  };
  try {
    return (await (0, eval)(`(${run})`)()).error;
  } finally {
    WebSocket.prototype.send = was;
  }
}, { method, run });
