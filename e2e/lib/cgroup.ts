// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Control groups (cgroups(7), version 2), in which machines of the tests live.
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';

// groups is the directory where they are made, or nothing where none are mounted.
export function groups(): string | undefined {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map(line => line.split(' '));
  return mounts.find(([, , type]) => type === 'cgroup2')?.[1];
}

// populated tells whether a process is in a group or below it.
export const populated = (group: string) => !/^populated 0$/m.test(readFileSync(`${group}/cgroup.events`, 'utf8'));

// removeGroup removes a group that no process is in any more, and those below it.
export function removeGroup(group: string) {
  for (const e of readdirSync(group, { withFileTypes: true })) if (e.isDirectory()) removeGroup(`${group}/${e.name}`);
  rmdirSync(group);
}
