// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A crowd: real peers of one program, who only publish or only watch.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { poll } from './check.ts';
import { spoken } from './goclient.ts';
import { stop } from './process.ts';
import type { Run } from './run.ts';
import { root } from './setup.ts';
import type { World } from './world.ts';

// serverOf is the process id of the server of a data directory.
export function serverOf(data: string): number {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes(data) && command.includes('redial')) return Number(pid);
    } catch { /* gone meanwhile */ }
  }
  throw new Error(`no server has ${data}`);
}

// crowded is a room for a crowd that only publishes, so that what is measured is
// who looks at it: viewers get everybody.
export async function crowded(t: Run, world: World) {
  const template = await t.template(made => {
    made.roles.crowd = structuredClone(made.roles.guest);
    Object.assign(made.roles.crowd, { name: 'crowd' });
    made.roles.crowd.subscribeParams.subscribeToRoles = [];
    for (const role of Object.values(made.roles)) role.publishParams.simulcast = { video: {}, screen: {} };
    made.roles.viewer.subscribeParams.subscribeToRoles = ['crowd', 'host', 'viewer'];
    made.roles.viewer.permissions.changeRole = true;
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
  return { room, program };
}
