// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Before all workers: the server, the page and a throw-away certificate. After
// them: whatever a worker that was killed has left behind.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { buildPage, buildPrebuilt, buildPrograms } from '../build.ts';
import { groups, removeGroup } from './cgroup.ts';
import { names, namespaces, root, runDir, setup } from './setup.ts';

export default async function prepare() {
  const dir = process.env[runDir] = mkdtempSync(`${tmpdir()}/redial-e2e-`);
  const { bin, certDir, pageDir } = setup();
  if (!process.env.REDIAL_E2E_BIN) execFileSync('go', ['build', '-o', bin, './cmd/redial'], { cwd: root, stdio: 'inherit' });
  await buildPage(pageDir);
  if (!names.length || names.some(name => name.startsWith('prebuilt'))) await buildPrebuilt(pageDir);
  await buildPrograms(`${dir}/programs`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=event.100ms.live', '-addext', 'subjectAltName=DNS:event.100ms.live,IP:10.77.0.1', '-keyout', `${certDir}/key.pem`, '-out', `${certDir}/cert.pem`], { stdio: 'ignore' });
  return cleanUp;
}

// cleanUp ends the processes that carry the run's mark in their environment, and
// removes the namespaces and control groups that carry it in their name.
function cleanUp() {
  const mark = `${runDir}=${setup().dir}`;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended, or is not ours.
    }
  }
  for (const [dir, remove] of [
    ['/run/netns', (name: string) => execFileSync('ip', ['netns', 'del', name])],
    ['/etc/netns', (name: string) => rmSync(`/etc/netns/${name}`, { recursive: true })],
  ] as const) {
    for (const name of list(dir)) if (name.startsWith(namespaces())) remove(name);
  }
  const dir = groups();
  if (dir) for (const name of list(dir)) if (name.startsWith(namespaces())) removeGroup(`${dir}/${name}`);
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // nothing was ever there
  }
}
