// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { binary } from './binary.mjs';
import { startRedial } from '@redial-rtc/testing';

const answers = url => fetch(`${url}/healthz`, { headers: { connection: 'close' } }).then(r => r.ok, () => false);

test('a server keeps its rooms when it is restarted', async () => {
  const redial = await startRedial();
  try {
    const { url } = redial;
    const room = await redial.createRoom({ name: 'kept' });
    for (const end of ['shutdown', 'kill']) {
      await redial[end]();
      assert.equal(await answers(url), false, end);
      await redial.restart();
      assert.equal(redial.url, url);
      assert.equal((await redial.request('GET', '/v2/rooms/kept')).id, room.id);
    }
  } finally {
    await redial.stop();
  }
  assert.equal(await answers(redial.url), false);
});

test('what is wrong is said', async () => {
  const rejected = (options, ...words) => assert.rejects(startRedial(options), e => {
    for (const word of words) assert.ok(e.message.includes(word), `${word} in: ${e.message}`);
    return true;
  });
  await rejected({ binary: '/nowhere/redial' }, 'binary names "/nowhere/redial"', 'no such file');
  await rejected({ binary: fileURLToPath(import.meta.url) }, 'cannot be run', 'EACCES');
  await rejected({ args: ['-banana'] }, 'ended before it was ready', 'exit code 2', 'banana');
  await rejected({ command: ['sh', '-c', 'echo hello; sleep 5', 'sh'], timeout: 100 }, 'not ready after 100 ms', 'hello');
  await rejected({ command: ['/nowhere/sudo'] }, 'ended before it was ready', 'ENOENT');
  const redial = await startRedial();
  await rejected({ address: new URL(redial.url).host }, 'ended before it was ready', 'another process uses it');
  await redial.stop();

  const { REDIAL_BINARY, PATH } = process.env;
  try {
    process.env.REDIAL_BINARY = '/nowhere/else';
    await rejected({}, 'REDIAL_BINARY names "/nowhere/else"');
    delete process.env.REDIAL_BINARY;
    process.env.PATH = '/nowhere';
    await rejected({}, 'there is no program redial to run', 'go build -o');
  } finally {
    Object.assign(process.env, { REDIAL_BINARY, PATH });
  }
});

test('a server that dies is noticed', async t => {
  const dir = mkdtempSync(`${tmpdir()}/redial-testing-end-`);
  t.after(() => rmSync(dir, { recursive: true }));
  const script = `exec 3<&0; "$@" <&3 & until [ -e ${dir}/end ]; do sleep 0.05; done; kill -9 $!; echo I am dying >&2; exit 3`;
  const redial = await startRedial({ command: ['sh', '-c', script, 'sh'] });
  writeFileSync(`${dir}/end`, '');
  await assert.rejects(redial.waitForEvent({ room_id: 'x' }), /the server has ended: exit code 3; it said last:\n[^]*I am dying/);
  await assert.rejects(redial.stop(), /ended by itself: exit code 3/);
});

test('the log is told and kept', async () => {
  let told = '';
  const redial = await startRedial({ onLog: text => { told += text; }, args: ['-log-level', 'debug'] });
  await redial.stop();
  assert.match(redial.log, /msg=ready/);
  assert.match(told, /msg=stopped/);
});

// A script that forgets to stop its server, or is killed, leaves nothing running.
for (const [name, ending, code] of [['forgets', '', 0], ['is killed', 'setInterval(() => {}, 1000)', null]]) {
  test(`no server outlives a script that ${name}`, async () => {
    const script = spawn(process.execPath, ['--input-type=module', '-e', `
      import { startRedial } from '@redial-rtc/testing';
      const redial = await startRedial();
      console.log(redial.url);
      ${ending}`], { env: { ...process.env, REDIAL_BINARY: binary }, stdio: ['ignore', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('.', import.meta.url)) });
    const ended = new Promise(resolve => script.once('exit', resolve));
    const url = String(await new Promise(resolve => script.stdout.once('data', resolve))).trim();
    if (code === null) {
      assert.equal(await answers(url), true);
      script.kill('SIGKILL');
    }
    assert.equal(await ended, code);
    for (const until = Date.now() + 10_000; await answers(url);) assert.ok(Date.now() < until, 'it runs on');
  });
}

test('a data directory of the test\'s own is left alone', async t => {
  const dataDir = mkdtempSync(`${tmpdir()}/redial-testing-own-`);
  t.after(() => rmSync(dataDir, { recursive: true }));
  await (await startRedial({ dataDir })).stop();
  assert.ok(existsSync(`${dataDir}/registry.db`));
});
