// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Headless Chromium with fake devices, steered over a pipe so that it may live
// in a network namespace of its own.
import { chromium, type Browser } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import { launchFirefox, type FirefoxKind } from './firefox.ts';
import type { Site } from './site.ts';

const executable = process.env.REDIAL_E2E_CHROMIUM || '/usr/bin/chromium';

// Half as many pictures a second as by default cost half the encoding and drawing,
// and no scenario needs more.
const fake = (options: string) => `--use-fake-device-for-media-stream=${options}`;
const devices = fake('fps=10');
const allowed = '--use-fake-ui-for-media-stream';
// off are features of Chromium. Each new window renders two pages for the list under
// an address bar that nobody sees, which cost a fifth of what it takes to open a
// page and join. The last list counts, so Playwright's is repeated.
const off = [
  'WebUIOmniboxPopup', 'WebUIOmniboxAimPopup',
  'AvoidUnnecessaryBeforeUnloadCheckSync', 'BoundaryEventDispatchTracksNodeRemoval', 'DestroyProfileOnBrowserClose', 'DialMediaRouteProvider',
  'GlobalMediaControls', 'HttpsUpgrades', 'LensOverlay', 'MediaRouter', 'PaintHolding', 'ThirdPartyStoragePartitioning', 'Translate',
  'AutoDeElevate', 'RenderDocument', 'OptimizationHints',
];

// Kinds are browsers that differ from the usual one, whose cameras and
// microphones are there, allowed, and may be heard at once.
type ChromiumKind = 'usual' | 'no-permission' | 'untouched' | 'no-devices' | 'denying' | 'bare';
export type Kind = ChromiumKind | FirefoxKind;

const kinds: Record<ChromiumKind, string[]> = {
  usual: [devices, allowed, '--auto-select-desktop-capture-source=Entire screen', '--autoplay-policy=no-user-gesture-required'],
  // Nobody allowed anything.
  'no-permission': [devices],
  // Nothing plays before the person has done something. What one page was
  // allowed can reach another, so a browser is for one page.
  untouched: [devices, '--autoplay-policy=document-user-activation-required'],
  'no-devices': [fake('device-count=0'), allowed],
  // Whatever the page asks for, the user says no.
  denying: [devices, `${allowed}=deny`],
  // There is no camera and no microphone, and no way to share a screen.
  bare: [fake('device-count=0'), allowed, '--disable-blink-features=GetDisplayMedia'],
};

// insecure is a name of this machine to which browsers give what they give a page by
// HTTP from elsewhere.
export const insecure = 'insecure.test';

// launch starts a browser. The SDK's hard-coded report host is led to the site.
export async function launch({ netns, dir, site, kind = 'usual', flags = [] }: {
  netns?: string; dir: string; site: Site; kind?: Kind; flags?: string[];
}): Promise<Browser> {
  if (kind === 'firefox' || kind === 'firefox-no-permission') return launchFirefox({ kind, netns, dir, proxyPort: site.pagePort });
  let executablePath = executable;
  if (netns) {
    executablePath = `${dir}/chromium-in-namespace`;
    await writeFile(executablePath, `#!/bin/sh\nexec ip netns exec ${netns} ${executable} "$@"\n`, { mode: 0o755 });
  }
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...kinds[kind],
      `--disable-features=${off}`,
      '--ignore-certificate-errors',
      `--host-resolver-rules=MAP event.100ms.live 127.0.0.1:${site.tlsPort}, MAP ${insecure} 127.0.0.1`,
      // A namespace has no other interface than its loopback.
      ...(netns ? ['--allow-loopback-in-peer-connection'] : []),
      ...flags,
    ],
  });
}
