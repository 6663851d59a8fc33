// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Checkouts of suites and apps that a developer has, unchanged, in the browser and on
// our server: what stands in for the addresses that they have written into them.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build, type Plugin } from 'esbuild';
import { test, type BrowserContext, type Page } from '@playwright/test';
import { assert, poll } from '../../lib/check.ts';
import { talking, tokenOf, type Talk } from '../../lib/opentok.ts';
import { logPage } from '../../lib/pagelog.ts';
import type { Run } from '../../lib/run.ts';

export const dir = process.env.REDIAL_OPENTOK_APPS ?? '';
export const suite = (name: string) => `${dir}/${name}`;
export const commit = (name: string) => execFileSync('git', ['-C', suite(name), 'log', '-1', '--format=%h %cs']).toString().trim();

export const annotation = 'app';
export interface Row { suite: string; part: string; passed: number; of: number; note?: string }
// row is one line of the table that is printed at the end.
export const row = (r: Row) => { test.info().annotations.push({ type: annotation, description: JSON.stringify(r) }); };

const types: Record<string, string> = {
  html: 'text/html', js: 'text/javascript', css: 'text/css', png: 'image/png', svg: 'image/svg+xml', mp4: 'video/mp4', mp3: 'audio/mpeg', json: 'application/json',
};

type Change = (path: string, text: string) => string;

// serve serves the files of a folder; change fills in what its reader is asked to.
export async function serve(t: Run, folder: string, made: Record<string, string> = {}, change: Change = (_, text) => text): Promise<string> {
  const server = createServer(async (req, res) => {
    let path = decodeURIComponent(new URL(req.url ?? '', 'http://x').pathname);
    const type = () => types[path.split('.').at(-1)!] ?? 'application/octet-stream';
    if (path in made) return void res.writeHead(200, { 'Content-Type': path.endsWith('.js') ? types.js : types.html }).end(made[path]);
    if (path.includes('..')) return void res.writeHead(404).end();
    if (!path.endsWith('/') && !/\.\w+$/.test(path)) return void res.writeHead(302, { Location: encodeURI(`${path}/`) }).end();
    if (path.endsWith('/')) path += 'index.html';
    const body = await readFile(folder + path).catch(() => null);
    if (!body) return void res.writeHead(404).end();
    res.writeHead(200, { 'Content-Type': type() }).end(/\.(html|js)$/.test(path) ? change(path, body.toString()) : body);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.cleanup(() => new Promise<void>(done => { server.close(() => done()); server.closeAllConnections(); }));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

// bundle makes one script of programs of a checkout; what they import is found beside them
// or among the tools in the folder that holds all checkouts. The names that are left out
// are those that the suites' own configuration leaves out.
export async function bundle(entry: string | { contents: string; at: string }, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof entry === 'string' ? { entryPoints: [entry] } : { stdin: { contents: entry.contents, resolveDir: entry.at, loader: 'jsx' } }),
    bundle: true, write: false, keepNames: true, format: 'iife', target: 'chrome110', logLevel: 'error', external: ['react/addons', 'react/lib/ReactContext', 'react/lib/ExecutionEnvironment'], loader: { '.js': 'jsx', '.svg': 'dataurl' }, outdir: 'out',
    define: { 'process.env.NODE_ENV': '"development"', global: 'window' }, plugins,
  });
  return outputFiles!.find(f => f.path.endsWith('.js'))!.text;
}

export interface Here { session: Talk; library: string; server: string }

// here is a session of its own, and the library that the server has.
export async function here(t: Run): Promise<Here> {
  const session = await talking(t);
  const library = await (await fetch(`${session.url}/opentok/opentok.js`)).text();
  return { session, library, server: session.url };
}

export const credentials = ({ session }: Here, role = 'publisher') => ({ apiKey: session.key, sessionId: session.id, token: tokenOf(session, { role }) });

// browsing is somebody with the addresses that apps have written into them led to us:
// the vendor's script, the sample server, and the libraries of content networks.
export async function browsing(t: Run, at: Here, more: Record<string, () => Promise<string>> = {}): Promise<BrowserContext> {
  const place = await t.place();
  const context = await (await place.browserOf()).newContext({ viewport: { width: 1280, height: 900 } });
  t.cleanup(() => context.close());
  const tool = (path: string) => readFile(`${dir}/node_modules/${path}`, 'utf8');
  const stands: Record<string, () => Promise<string>> = {
    'static.opentok.com': async () => at.library,
    'your-server-url': async () => JSON.stringify(credentials(at)),
    underscore: () => tool('underscore/underscore-umd.js'),
    jquery: () => tool('jquery/dist/jquery.js'),
    ...more,
  };
  await context.route(url => !['localhost', '127.0.0.1'].includes(url.hostname), async route => {
    const url = route.request().url();
    const found = Object.keys(stands).find(name => url.includes(name));
    if (!found) return route.abort();
    await route.fulfill({ body: await stands[found]!(), contentType: found === 'your-server-url' ? types.json : types.js, headers: { 'Access-Control-Allow-Origin': '*' } });
  });
  return context;
}

let pages = 0;

export async function open(t: Run, context: BrowserContext, name: string): Promise<Page> {
  const page = await context.newPage();
  logPage(page, `${t.dir}/${name}-${pages++}.log`);
  page.on('dialog', d => { void d.accept().catch(() => {}); });
  return page;
}

// moving counts the videos of a page that play and go on, in the shadow of components as well.
export async function moving(page: Page, selector = 'video'): Promise<number> {
  const times = () => page.locator(selector).evaluateAll(all => (all as HTMLVideoElement[]).map(v => [v.videoWidth, v.currentTime] as const));
  const before = await times();
  await page.waitForTimeout(500);
  const now = await times();
  return now.filter(([width, time], i) => width > 0 && before[i] && time > before[i][1]).length;
}

export const shows = (page: Page, who: string, videos: number, selector?: string) =>
  poll(`${who} to see ${videos} videos that move`, async () => await moving(page, selector) === videos, { ms: 30_000, detail: () => page.url() });

// checks runs parts of an app's call in order, and says how many came about.
export async function checks(what: { suite: string; part: string; note?: string }, parts: Record<string, () => Promise<unknown>>): Promise<void> {
  let passed = 0;
  try {
    for (const run of Object.values(parts)) {
      await run();
      passed++;
    }
  } finally {
    row({ ...what, passed, of: Object.keys(parts).length });
  }
  assert.equal(passed, Object.keys(parts).length);
}
