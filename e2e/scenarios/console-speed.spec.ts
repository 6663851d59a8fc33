// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// How long a person waits for the console of a server with a long history (make
// bench-console): each page in a browser, from the click until nothing is on its way.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import type { Page } from '@playwright/test';
import { assert, sleep } from '../lib/check.ts';
import { Console, heading } from '../lib/console.ts';
import { crowded, serverOf } from '../lib/crowd.ts';
import { scenario, test } from '../lib/scenario.ts';

const rounds = Number(process.env.REDIAL_E2E_ROUNDS || 3);
const history = process.env.REDIAL_E2E_HISTORY ?? ''; // a directory of go run ./bench/events -only console
const crowd = Number(process.env.REDIAL_E2E_CROWD || 6);
const watchers = 5;
const pause = 500; // between two views: an address may make so many calls a second
const watched = Number(process.env.REDIAL_E2E_WATCHED || 2) * 1000;

const at = (all: number[], part: number) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(part * all.length))]!;

// parts of a view are there when all that it asked for is painted.
const parts = {
  overview: ['.headline .large', '.columns section:first-child :is(ul, p)', '.columns section:last-child :is(ul, p)'],
  search: ['.count'], searched: ['.empty'], failure: ['.boxes', '.reference, time'], session: ['canvas', '.person, .incident'], live: ['main h1', 'main p'], catalogue: ['main a'],
};

// Shown is how many milliseconds a view took: until its parts were painted, and for the
// slowest answer among them until its last byte had come.
interface Shown { painted: number; answered: number }

// shows goes to a view.
const shows = async (page: Page, where: string, wanted: string[]) => {
  await sleep(pause);
  return page.evaluate(([where, wanted]) => new Promise<Shown>((resolve, reject) => {
    performance.clearResourceTimings();
    const began = performance.now();
    location.hash = '#/' + where;
    const look = () => {
      const problem = document.querySelector('main [role=alert]');
      if (problem) return reject(new Error(`${where}: ${problem.textContent}`));
      const there = wanted.every(part => document.querySelector(part)) && !document.querySelector('.shapes, [aria-busy=true]');
      requestAnimationFrame(there ? () => {
        const calls = performance.getEntriesByType('resource').filter(e => e.startTime >= began && e.name.includes('/console/api/')) as PerformanceResourceTiming[];
        resolve({ painted: performance.now() - began, answered: Math.max(0, ...calls.map(e => e.responseEnd - e.startTime)) });
      } : look);
    };
    requestAnimationFrame(() => requestAnimationFrame(look)); // the view of before is gone by then
  }), [where, wanted] as const);
};

// frames says how long each frame took while something was done.
async function frames(page: Page, act: () => Promise<unknown>): Promise<number[]> {
  await page.evaluate(() => {
    const gaps: number[] = [];
    let last = performance.now();
    const next = (now: number) => { gaps.push(now - last); last = now; Object.assign(window, { gaps, going: requestAnimationFrame(next) }); };
    requestAnimationFrame(next);
  });
  await act();
  return (await page.evaluate(() => (cancelAnimationFrame((window as any).going), (window as any).gaps as number[]))).slice(1);
}

// processorTime is what a process has used, in seconds.
const processorTime = (pid: number) => {
  const of = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(of[11]) + Number(of[12])) / 100;
};

test.describe('console', () => {
  scenario('console-speed', { alone: true, long: true, ms: 120_000 + rounds * 30_000 + crowd * 3000 + watched * 8 }, async t => {
    const c = await Console.start(t, history);
    const { world } = c;
    // A history of some days ago would be taken away while it is looked at.
    if (history) await world.rest.call('PUT', '/api/v1/events/retention', { days: 365 });
    const rows: [string, string, string][] = [];
    const tell = (...row: [string, string, string]) => { rows.push(row); console.log(row.join(' | ')); };
    const spread = (all: number[]) => `p50 ${Math.round(at(all, 0.5))} ms, p95 ${Math.round(at(all, 0.95))} ms`;
    const row = (what: string, all: number[], goal: string) => tell(what, spread(all), goal);
    const painted = (all: Shown[]) => all.map(s => s.painted);

    for (const [name, phone, goal] of [['a LAN', false, '300 ms'], ['a phone (9 Mbit/s, 170 ms, CPU / 4)', true, '1 s']] as const) {
      const first: number[] = [];
      for (let n = 0; n < rounds; n++) {
        const context = await world.browser.newContext({ viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 } });
        const page = await context.newPage();
        if (phone) {
          const devtools = await context.newCDPSession(page);
          await devtools.send('Network.enable');
          await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 170, downloadThroughput: 9e6 / 8, uploadThroughput: 9e6 / 8 });
          await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
        }
        await page.goto((await c.redial('console')).replace(/[#?].*/, ''));
        await page.getByRole('heading', { level: 1 }).waitFor();
        first.push(await page.evaluate(() => new Promise<number>(resolve => new PerformanceObserver(list => {
          for (const e of list.getEntriesByName('first-contentful-paint')) resolve(e.startTime);
        }).observe({ type: 'paint', buffered: true }))));
        await context.close();
      }
      row(`first paint on ${name}`, first, goal);
    }

    const { page } = await c.open({ width: 1440, height: 900 }, 'light');
    await heading(page, /Overview/);
    interface Sample { Name: string; Peer: string; Time: string }
    const about: { Samples: Sample[]; Longest: string; Events: number; End: string } = history ? JSON.parse(readFileSync(`${history}/history.json`, 'utf8')) : {
      Events: 50, Longest: '66ac0000000000000000c0de', End: new Date().toISOString(), Samples: (await world.rest.events({ error: true })).filter(e => e.data.user_name && e.data.peer_id).map(e => ({ Name: e.data.user_name, Peer: e.data.peer_id, Time: e.timestamp })),
    };
    const kept = about.Samples.filter(s => Date.parse(s.Time) > Date.parse(about.End) - 25 * 86_400_000); // retention took the others
    const samples = Array.from({ length: rounds }, (_, n) => kept[(n * 7 + 3) % kept.length]!);

    for (const [hours, name] of [['24', '24 hours'], ['168', '7 days']]) {
      const overview: Shown[] = [];
      for (let n = 0; n < rounds; n++) {
        await shows(page, 'catalogue', parts.catalogue);
        overview.push(await shows(page, `?last=${hours}`, parts.overview));
      }
      row(`Overview of the last ${name}, with all figures`, painted(overview), 'p95 1 s');
    }

    const forms: [string, (s: Sample) => string][] = [
      ['a first name and a time', s => `${s.Name.split(' ')[0]} ${s.Time.slice(0, 10)} ${s.Time.slice(11, 16)}`], ['a whole name, any time', s => s.Name],
      ['a first name, any time', s => s.Name.split(' ')[0]!], ['two letters, any time', s => s.Name.slice(0, 2)],
      ['a part within a word, any time', s => s.Name.split(' ')[0]!.slice(1)],
    ];
    for (const [name, text] of forms) {
      const found: Shown[] = [];
      for (const s of samples) {
        found.push(await shows(page, `search?q=${encodeURIComponent(text(s))}`, parts.search));
        await shows(page, 'search', parts.searched);
      }
      tell(`search by ${name}`, `answered in ${spread(found.map(s => s.answered))}; painted in ${spread(painted(found))}`, 'answer p95 100 ms');
      assert.ok(found.every(s => s.answered > 0), 'a search was not answered');
    }

    const failures: Shown[] = [];
    for (const s of samples) {
      const event = await world.rest.event({ peer_id: s.Peer, error: true });
      failures.push(await shows(page, `failure/${event.id}`, parts.failure));
      await shows(page, 'search', parts.searched);
    }
    row('Failure', painted(failures), 'p95 300 ms');

    const drawn: Shown[] = [];
    for (let n = 0; n < Math.min(rounds, 5); n++) {
      drawn.push(await shows(page, `session/${about.Longest}`, parts.session));
      if (n + 1 < Math.min(rounds, 5)) await shows(page, 'search', parts.searched);
    }
    const events = Number((await world.rest.get(`/v2/analytics/events?limit=1&session_id=${about.Longest}`)).total);
    row(`first drawing of a session of ${events.toLocaleString('en')} events`, painted(drawn), '1 s');
    const closer = page.getByRole('button', { name: 'Closer' }), later = page.getByRole('button', { name: 'Later', exact: true });
    for (let n = 0; n < 3; n++) await closer.click();
    // By the places of the buttons: looking for one by its name takes as long as the page does.
    const places = await Promise.all([later, page.getByRole('button', { name: 'Earlier' })].map(async b => (await b.boundingBox())!));
    const panned = await frames(page, async () => {
      for (let n = 0; n < 24; n++) {
        const { x, y, width, height } = places[n % 2]!;
        await page.mouse.click(x + width / 2, y + height / 2);
        await sleep(50); // some 15 times a second, as a key that is held
      }
    });
    tell('a frame while that session is panned and zoomed', `p50 ${at(panned, 0.5).toFixed(1)} ms, p95 ${at(panned, 0.95).toFixed(1)} ms, longest ${Math.max(...panned).toFixed(1)} ms`, '16 ms');
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('HeapProfiler.collectGarbage');
    const heap = await devtools.send('Runtime.getHeapUsage');
    tell('memory of the page with that session', `${Math.round(heap.usedSize / 1e6)} MB`, '60 MB');
    await page.context().close();

    // A full room, with nobody who watches and with five, in turn.
    const { room, program } = await crowded(t, world);
    await program('publish', 'crowd', crowd).heard('ready', 30_000 + crowd * 1000);
    const pid = serverOf(world.server.data);
    const costs: Record<'alone' | 'watched', number[]> = { alone: [], watched: [] };
    const pages = await Promise.all(Array.from({ length: watchers }, () => c.open({ width: 800, height: 600 }, 'light')));
    for (let n = 0; n < 6; n++) {
      for (const { page } of pages) await shows(page, n % 2 ? `live/${room.id}` : 'search', n % 2 ? parts.live : parts.searched);
      await sleep(1000);
      const before = processorTime(pid);
      await sleep(watched);
      costs[n % 2 ? 'watched' : 'alone'].push(((processorTime(pid) - before) / watched) * 1e5);
    }
    tell(`Live, a room of ${crowd} with ${watchers} who watch`, `${(at(costs.watched, 0.5) - at(costs.alone, 0.5)).toFixed(1)} % of a processor more than the ${at(costs.alone, 0.5).toFixed(0)} % without`, '2 %');

    const table = `${new Date().toISOString().slice(0, 10)}, \`make bench-console\` with ${about.Events.toLocaleString('en')} events, ${rounds} rounds: ${cpus().length} processors (${cpus()[0]!.model}), load average of ${loadavg()[0]!.toFixed(1)}; browser and server on the same machine.\n\n` +
      '| what | measured | goal |\n|---|---|---|\n' + rows.map(r => `| ${r.join(' | ')} |\n`).join('');
    const file = process.env.REDIAL_E2E_WRITE;
    if (file) {
      const text = readFileSync(file, 'utf8'), marks = /(<!-- bench-console:.*? -->\n)[^]*?(<!-- \/bench-console -->)/;
      assert.match(text, marks);
      writeFileSync(file, text.replace(marks, (_, from, to) => from + table + to));
    }
    assert.deepEqual(c.complaints, []);
  });
});
