// Headless Chromium with fake devices, steered over a pipe so that it may live
// in a network namespace of its own.
import { chromium } from 'playwright-core';
import { writeFile } from 'node:fs/promises';

const executable = process.env.REDIAL_E2E_CHROMIUM || '/usr/bin/chromium';

// launch starts a browser. The SDK's hard-coded report host is led to reportPort.
export async function launch({ netns, dir, reportPort, flags = [] }) {
  let executablePath = executable;
  if (netns) {
    executablePath = `${dir}/chromium-in-namespace`;
    await writeFile(executablePath, `#!/bin/sh\nexec ip netns exec ${netns} ${executable} "$@"\n`, { mode: 0o755 });
  }
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--auto-select-desktop-capture-source=Entire screen',
      '--autoplay-policy=no-user-gesture-required',
      '--ignore-certificate-errors',
      `--host-resolver-rules=MAP event.100ms.live 127.0.0.1:${reportPort}`,
      // A namespace has no other interface than its loopback.
      ...(netns ? ['--allow-loopback-in-peer-connection'] : []),
      ...flags,
    ],
  });
}
