// Large rooms: everybody publishes, and a newcomer gets what it wants of it.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { assert, poll } from '../lib/check.ts';
import { spoken } from '../lib/goclient.ts';
import { stop } from '../lib/process.ts';
import { scenario, test } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';

// How many publish. "make bench-crowd" has as many as a room takes.
const N = Number(process.env.REDIAL_E2E_CROWD || 48);
const SHOWN = 9; // videos on the newcomer's screen

// rss is how much memory the server of a data directory holds, in MiB.
function rss(data: string): number | undefined {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)) continue;
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024);
    } catch { /* gone meanwhile */ }
  }
  return undefined;
}

test.describe('crowd', () => {
  scenario('crowd', { alone: true, ms: 60_000 + N * 1500 }, async t => {
    const world = await t.ownWorld();
    const template = await t.template(made => {
      // The crowd only publishes, so that what is measured is the newcomer.
      made.roles.crowd = structuredClone(made.roles.guest);
      Object.assign(made.roles.crowd, { name: 'crowd' });
      made.roles.crowd.subscribeParams.subscribeToRoles = [];
      made.roles.crowd.publishParams.simulcast = { video: {}, screen: {} };
      made.roles.viewer.subscribeParams.subscribeToRoles = ['crowd'];
    });
    const room = await t.room({ template });
    const { data: codes } = await world.rest.post(`/v2/room-codes/room/${room.id}`);
    const code = (role: string): string => codes.find((c: { role: string }) => c.role === role).code;
    const bin = `${t.dir}/crowd`;
    execFileSync('go', ['build', '-o', bin, './e2e/crowd'], { cwd: root, stdio: 'inherit' });
    const program = (what: string, role: string, n: number) => {
      const p = spoken([bin, what, world.server.url, code(role), String(n)], { log: `${t.dir}/${what}.log`, cwd: root });
      t.cleanup(() => stop(p.child));
      const heard = (event: string, ms: number) => poll(`crowd ${what} to say ${event}`, () => p.lines.find(l => l.event === event), { ms, detail: () => JSON.stringify(p.lines) });
      return { heard };
    };
    const crowd = program('publish', 'crowd', N);
    const ready = await crowd.heard('ready', 30_000 + N * 500);
    const row: Record<string, number | undefined> = { publishers: N, 'crowd in, ms': ready.ms };
    const before = rss(world.server.data);

    // The SDK, which shows a few of them and hears all.
    const carol = await t.open(room, 'carol', 'viewer', { before: n => { window.shown = n; }, beforeArg: SHOWN, quiet: true });
    let began = Date.now();
    const since = () => Date.now() - began;
    await carol.join({ ms: 30_000 + N * 300 });
    row['SDK join, ms'] = since();
    const wait = 20_000 + N * 500;
    await carol.until('everybody is in the list', n => Object.keys(tab.state().peers).length === n, N + 1, wait);
    await carol.until('every sound is there', n => tab.tracks().filter(t => t.type === 'audio').length === n, N, wait);
    await carol.until('every picture is known', n => tab.tracks().filter(t => t.type === 'video').length === n, N, wait);
    row['SDK has all tracks, ms'] = since();
    const shown = await carol.eval(() => [...tab.videos.keys()]);
    assert.equal(shown.length, SHOWN);
    for (const id of shown) {
      await poll(`a picture of ${id}`, async () => ((await carol.received(id))?.frames ?? 0) > 0, { ms: wait, step: 300 });
    }
    row['SDK shows pictures, ms'] = since();
    assert.deepEqual(await carol.notices('ERROR', 'RECONNECTING'), [], 'the app was told of no trouble');
    const flows = await carol.eval(async () => {
      return (await Promise.all(probe.connections.map(async pc => [...(await pc.getStats() as any).values()])))
        .flat().filter(s => s.type === 'inbound-rtp').reduce((n, s) => ({ ...n, [s.kind]: (n[s.kind] ?? 0) + 1 }), {});
    });
    assert.ok(flows.video <= SHOWN, `only what is shown is sent: ${JSON.stringify(flows)}`);
    Object.assign(row, { 'SDK offer, bytes': carol.largest.offer, 'SDK answer, bytes': carol.largest.answer, 'peer list, bytes': carol.largest['peer-list'] });

    // The Go client, which wants every picture as well.
    began = Date.now();
    const watched = await program('watch', 'viewer', N).heard('watched', wait);
    assert.deepEqual(watched.errors ?? [], []);
    Object.assign(row, { 'Go join, ms': watched.join_ms, 'Go has all media, ms': watched.all_ms });
    Object.assign(row, { 'server before, MiB': before, 'server after, MiB': rss(world.server.data) });

    // Still the same call.
    const events = await world.rest.events({ room_id: room.id });
    const failures = events.filter(e => /failed|disconnected/.test(e.type));
    assert.deepEqual(failures, [], 'nothing failed on record');
    if (process.env.REDIAL_E2E_CROWD) console.table(row);
  });
});
