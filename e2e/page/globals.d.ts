// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What scripts in the page find there: page/tab.ts and page/probe.ts.
import type { PageCore } from './core.ts';
import type { PageOpenTok } from './opentok.ts';
import type { PageOpenVidu } from './openvidu.ts';
import type { Probe } from './probe.ts';
import type { PageTab } from './tab.ts';
import type { PageWatch } from './watch.ts';

declare global {
  // The SDK and its store; its internals have no types.
  const tab: Omit<PageTab, 'hms'> & { hms: any };
  const probe: Probe;
  const ov: PageOpenVidu;
  const watch: PageWatch;
  const ot: PageOpenTok;
  const page: Pick<PageCore, 'journal' | 'flow'>; // of the pages of our own SDKs; see lib/apptab.ts
  interface Window {
    tab: typeof tab;
    probe: typeof probe;
    shown?: number; // how many videos to show
  }
}
