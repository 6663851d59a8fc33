// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Tutorial apps of OpenVidu 2, unchanged, from a checkout of
// github.com/OpenVidu/openvidu-tutorials that the developer has
// (make openvidu-apps DIR=...). Each is opened in two pages, whose videos have to
// move. Their backend is openvidu-basic-node of the same checkout when its packages
// are installed there, else a small one of ours with the same two calls.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenVidu } from 'openvidu-node-client';
import type { BrowserContext, Page } from '@playwright/test';
import { assert, poll } from '../lib/check.ts';
import { backend } from '../lib/openvidu.ts';
import type { Run } from '../lib/run.ts';
import { scenario, test } from '../lib/scenario.ts';
import { World } from '../lib/world.ts';

const dir = process.env.REDIAL_OPENVIDU_APPS ?? '';
const port = 5000; // which the apps have written into them

const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', png: 'image/png', ico: 'image/x-icon' };

const listening = (server: Server, at: number) => new Promise<number>((done, failed) => {
  server.on('error', failed);
  server.listen(at, '127.0.0.1', () => done((server.address() as AddressInfo).port));
});

// pages serves the files of an app.
async function pages(t: Run, app: string): Promise<string> {
  const server = createServer(async (req, res) => {
    const name = new URL(req.url ?? '', 'http://x').pathname.replace(/\/$/, '/index.html');
    const body = name.includes('..') ? null : await readFile(`${dir}/${app}/web${name}`).catch(() => null);
    if (body) res.writeHead(200, { 'Content-Type': types[name.split('.').at(-1)!] ?? 'application/octet-stream' }).end(body);
    else res.writeHead(404).end();
  });
  const at = await listening(server, 0);
  t.cleanup(() => new Promise<void>(done => { server.close(() => done()); server.closeAllConnections(); }));
  return `http://localhost:${at}`;
}

// serveOffice starts the backend that the apps call.
async function serveOffice(t: Run) {
  const world = await t.world();
  assert.ok(world instanceof World);
  const { url, secret } = world.server.openVidu;
  const theirs = `${dir}/openvidu-basic-node`;
  if (existsSync(`${theirs}/node_modules/openvidu-node-client`)) {
    const child = spawn(process.execPath, ['index.js'], {
      cwd: theirs, env: { ...process.env, SERVER_PORT: String(port), OPENVIDU_URL: url, OPENVIDU_SECRET: secret }, stdio: 'ignore',
    });
    t.cleanup(() => { child.kill(); });
    await poll('openvidu-basic-node to answer', () => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
    return;
  }
  const office: OpenVidu = await backend(t);
  const server = createServer(async (req, res) => {
    const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
    if (req.method === 'OPTIONS') return void res.writeHead(204, cors).end();
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    const [, id] = /^\/api\/sessions\/([^/]+)\/connections$/.exec(req.url ?? '') ?? [];
    try {
      const session = await office.createSession(id ? { customSessionId: id } : body);
      const answer = id ? (await session.createConnection(body)).token : session.sessionId;
      res.writeHead(200, cors).end(answer);
    } catch (e) {
      res.writeHead(500, cors).end(String(e));
    }
  });
  await listening(server, port);
  t.cleanup(() => new Promise<void>(done => { server.close(() => done()); server.closeAllConnections(); }));
}

// person opens an app and joins its session by its own form.
async function person(t: Run, origin: string, name: string): Promise<Page> {
  const place = await t.place();
  const context: BrowserContext = await (await place.browserOf()).newContext();
  t.cleanup(() => context.close());
  const page = await context.newPage();
  page.on('pageerror', e => console.error(`${name}: ${e.stack}`));
  // Where there is no Internet, the one library that the apps cannot do without
  // comes from the checkout, if somebody has put it there.
  const jquery = `${dir}/node_modules/jquery/dist/jquery.min.js`;
  if (existsSync(jquery)) {
    await page.route('https://code.jquery.com/**', route => route.fulfill({ body: readFileSync(jquery), contentType: 'text/javascript', headers: { 'Access-Control-Allow-Origin': '*' } }));
    await page.route(/bootstrapcdn|fonts\.|cloudflare/, route => route.abort());
  }
  await page.goto(origin);
  await page.locator('form input[type=submit]').click();
  return page;
}

// moving counts the videos of a page that play and go on.
async function moving(page: Page): Promise<number> {
  const times = () => page.evaluate(() => [...document.querySelectorAll('video')].map(v => [v.videoWidth, v.currentTime]));
  const before = await times();
  await page.waitForTimeout(500);
  const now = await times();
  return now.filter(([width, time], i) => width > 0 && before[i] && time > before[i][1]).length;
}

const shows = (page: Page, who: string, videos: number) =>
  poll(`${who} to see ${videos} videos that move`, async () => await moving(page) >= videos, { ms: 30_000 });

test.describe('tutorial apps', () => {
  test.beforeAll(() => { assert.ok(dir, 'say where the apps are: make openvidu-apps DIR=/path/to/openvidu-tutorials'); });

  // How many videos each has with two people inside: its own, the other's, and in
  // two of the apps a large copy of one.
  for (const [app, videos] of [['openvidu-hello-world', 2], ['openvidu-js', 3], ['openvidu-js-screen-share', 3]] as const) {
    scenario(app, { ms: 120_000 }, async t => {
      await serveOffice(t);
      const origin = await pages(t, app);
      const ann = await person(t, origin, 'ann');
      const bob = await person(t, origin, 'bob');
      await shows(ann, 'ann', videos);
      await shows(bob, 'bob', videos);
      if (app === 'openvidu-js-screen-share') {
        await ann.locator('#buttonScreenShare').click();
        await shows(bob, 'bob', videos + 1);
      }
      await bob.locator('input[value="LEAVE"], #buttonLeaveSession').click();
      await poll('ann to see bob go', async () => await ann.locator('video').count() < videos + (app === 'openvidu-js-screen-share' ? 1 : 0), { ms: 30_000 });
    });
  }
});
