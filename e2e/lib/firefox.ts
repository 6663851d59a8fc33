// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Headless Firefox as Debian has it, with fake devices. It is steered by WebDriver
// BiDi, so it needs no build of the test runner's own.
import { firefox, type Browser, type Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import { setup } from './setup.ts';

const executable = process.env.REDIAL_E2E_FIREFOX || '/usr/bin/firefox-esr';

export type FirefoxKind = 'firefox' | 'firefox-no-permission';

// proxies leads the SDK's fixed report host to a port; nothing else has a proxy.
const proxies = (port: number) => 'data:application/x-ns-proxy-autoconfig,' + encodeURIComponent(
  `function FindProxyForURL(url, host) { return host === "event.100ms.live" ? "PROXY 127.0.0.1:${port}" : "DIRECT"; }`);

// launchFirefox starts one. proxyPort is of a proxy that knows the report host.
export async function launchFirefox({ kind, netns, dir, proxyPort }: {
  kind: FirefoxKind; netns?: string; dir: string; proxyPort: number;
}): Promise<Browser> {
  let executablePath = executable;
  if (netns) {
    executablePath = `${dir}/firefox-in-namespace`;
    const command = [process.execPath, setup().program('firefox'), netns, executable].map(word => `'${word}'`).join(' ');
    await writeFile(executablePath, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  }
  return firefox.launch({
    channel: 'moz-firefox', // by WebDriver BiDi
    executablePath,
    headless: true,
    timeout: 180_000,
    firefoxUserPrefs: {
      'media.navigator.streams.fake': true,
      // Whether it lets pages have a camera without asking; asked, it says no.
      'media.navigator.permission.disabled': kind === 'firefox',
      'permissions.default.camera': kind === 'firefox' ? 1 : 2,
      'permissions.default.microphone': kind === 'firefox' ? 1 : 2,
      'media.autoplay.default': 0, // all may play
      'media.getdisplaymedia.enabled': true,
      'media.getusermedia.insecure.enabled': true,
      // A namespace has no other interface than its loopback.
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'network.proxy.type': 2,
      'network.proxy.autoconfig_url': proxies(proxyPort),
      'network.proxy.allow_hijacking_localhost': false,
      // No codec is fetched from its maker.
      'media.gmp-manager.updateEnabled': false,
    },
  });
}

// standInForScreen has a page share a picture that moves when it asks for the screen:
// headless Firefox has none, and its fake devices are cameras and microphones only.
export const standInForScreen = (page: Page) => page.evaluate(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const draw = () => canvas.getContext('2d')!.fillText(String(Date.now()), Math.random() * 600, Math.random() * 360);
  setInterval(draw, 100);
  navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(10);
});
