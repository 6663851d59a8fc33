// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Starts a server for tests.
import { Process } from './process.js';
import { Redial, told } from './redial.js';

export async function startRedial({ fetch, ...options } = {}) {
  const process = new Process(options);
  try {
    return new Redial({ ...told(await process.start()), fetch, process });
  } catch (e) {
    await process.remove().catch(() => {}); // why it did not start says more
    throw e;
  }
}
