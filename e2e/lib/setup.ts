// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What the global setup has made, for the workers: they find it by the
// directory that is named in their environment.
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// Of a run: where its things are, and the mark of every process that it starts.
export const runDir = 'REDIAL_E2E_RUN';

// names are the scenarios asked for; see the configuration.
export const names = (process.env.REDIAL_E2E_NAME ?? '').split(/\s+/).filter(Boolean);

// openTok is the scenario that plays the rows of OpenTok, such as O013.
export const openTok = 'matrix-opentok';
export const openTokRow = (name: string) => /^O\d{3}[a-z]?$/.test(name);

export interface Setup {
  dir: string; // of this run, for what is in use
  bin: string; // the server
  pageDir: string;
  certDir: string;
  program(name: 'dns' | 'firefox' | 'site'): string;
}

export function setup(): Setup {
  const dir = process.env[runDir];
  if (!dir) throw new Error('the global setup has not run');
  return {
    dir,
    bin: process.env.REDIAL_E2E_BIN || `${dir}/redial`,
    pageDir: `${dir}/page`,
    certDir: dir,
    program: name => `${dir}/programs/${name}.mjs`,
  };
}

// namespaces is how the names of a run's network namespaces begin.
export const namespaces = () => `redial-e2e-${basename(setup().dir).split('-').at(-1)}-`;
