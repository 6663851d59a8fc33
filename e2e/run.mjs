// Runs the scenarios and the rows of the error matrix: all of them, or those
// whose name contains an argument.
//
//   node e2e/run.mjs [-l] [-v] [-keep] [-matrix] [NAME ...]
//
// -l lists, -v prints failures' stacks, -keep leaves the logs of a passing run,
// -matrix takes the rows only and, when it ran them all, writes
// docs/error-matrix.md.
// REDIAL_E2E_BIN runs an existing binary, REDIAL_E2E_LANES sets how many
// scenarios work at once (default 2), REDIAL_E2E_PATIENCE multiplies all waits
// (default: 1, more while the machine is busy).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

if (!existsSync(new URL('node_modules', import.meta.url))) {
  console.error('e2e: its packages are not installed; run scripts/install.sh');
  process.exit(2);
}
const { buildPage } = await import('./build.mjs');
const { Run } = await import('./lib/scenario.mjs');
const { World } = await import('./lib/world.mjs');
const { missing, rows } = await import('./matrix/index.mjs');
const { writePage } = await import('./matrix/page.mjs');
const { scenarios: checks } = await import('./scenarios/index.mjs');

const flags = process.argv.slice(2).filter(a => a.startsWith('-'));
const matrix = flags.includes('-matrix');
const scenarios = matrix ? rows : [...checks, ...rows];
const names = process.argv.slice(2).filter(a => !a.startsWith('-'));
// A name that is a scenario's own means just that one, else all that contain it.
const wanted = name => scenarios.some(s => s.name === name || s.row === name) ? s => s.name === name || s.row === name : s => s.name.includes(name);
const chosen = scenarios.filter(s => names.length === 0 || names.some(name => wanted(name)(s)));

if (flags.includes('-l')) {
  for (const s of chosen) console.log(s.name);
  process.exit(0);
}
if (chosen.length === 0) {
  console.error(`no scenario is called ${names.join(' or ')}; -l lists them`);
  process.exit(2);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dir = mkdtempSync(`${tmpdir()}/redial-e2e-`);
const setup = { root, dir, pageDir: `${dir}/page`, certDir: dir, bin: process.env.REDIAL_E2E_BIN || `${dir}/redial` };
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

const began = Date.now();
if (!process.env.REDIAL_E2E_BIN) execFileSync('go', ['build', '-o', setup.bin, './cmd/redial'], { cwd: root, stdio: 'inherit' });
await buildPage(setup.pageDir);
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
  '-subj', '/CN=event.100ms.live', '-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`], { stdio: 'ignore' });
if (names.length === 0 && missing.length) {
  console.error(`the matrix has no row for ${missing}`);
  process.exit(2);
}
console.log(`e2e: ${chosen.length} scenarios, logs in ${dir}`);

let sharedWorld;
const shared = () => (sharedWorld ??= World.start({ ...setup, dir: `${dir}/world` }));

const failed = [];
const outcomes = new Map(); // of rows
async function one(s) {
  const at = Date.now();
  const took = () => `${((Date.now() - at) / 1000).toFixed(1)} s`;
  const settle = outcome => s.row && outcomes.set(s.row, { ...outcome, ms: Date.now() - at });
  try {
    settle(await new Run({ scenario: s, shared, setup }).execute());
    console.log(`  ok    ${s.name} (${took()})`);
  } catch (e) {
    failed.push(s.name);
    settle({ verdict: 'FAIL' });
    console.log(`  FAIL  ${s.name} (${took()})\n        ${(flags.includes('-v') ? e.stack : e.message).replaceAll('\n', '\n        ')}\n        evidence: ${dir}/${s.name}`);
  }
}

// Working scenarios share the processor, so few run at once; those that mostly
// wait for a timeout overlap with everything.
async function lane(queue) {
  for (let s = queue.shift(); s; s = queue.shift()) await one(s);
}
const lanes = Number(process.env.REDIAL_E2E_LANES || 2);
const idle = chosen.filter(s => s.idle);
const busy = chosen.filter(s => !s.idle);
await Promise.all([
  ...Array.from({ length: 3 }, () => lane(idle)),
  ...Array.from({ length: lanes }, () => lane(busy)),
]);

if (matrix && names.length === 0) writePage(`${root}/docs/error-matrix.md`, rows, outcomes);
await (await sharedWorld?.catch(() => undefined))?.close();
if (failed.length === 0 && !flags.includes('-keep')) rmSync(dir, { recursive: true, force: true });
console.log(`e2e: ${((Date.now() - began) / 1000).toFixed(0)} s`);
console.log(`${chosen.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length ? 1 : 0);
