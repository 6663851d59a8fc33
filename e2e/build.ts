// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Bundles the test page, into which the SDK goes as published, and the programs
// that run as processes of their own.
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export async function buildPage(outdir: string) {
  await mkdir(outdir, { recursive: true });
  const page = {
    outdir,
    bundle: true,
    format: 'iife',
    target: 'chrome110',
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"' },
  } as const;
  await build({ ...page, entryPoints: [here('page/tab.ts'), here('page/probe.ts'), here('page/openvidu.ts'), here('page/core.ts'), here('page/watch.ts'), here('page/opentok.ts')] });
  // The script files of our own packages.
  await build({ ...page, minify: true, entryPoints: ['wtsdk', 'syncsdk'].map(name => ({ in: here(`../web/${name}/src/script.ts`), out: name })) });
  // The library for OpenTok apps is the file that the server has.
  await copyFile(here('../internal/pages/dist/opentok/opentok.js'), `${outdir}/opentoklib.js`);
  // The same page with the oldest SDK that speaks the newest one's protocol version.
  await build({ ...page, entryPoints: { oldest: here('page/tab.ts') }, alias: { '@100mslive/hms-video-store': here('node_modules/hms-video-store-oldest') } });
  const bare = await readFile(here('page/index.html'), 'utf8');
  await writeFile(`${outdir}/oldest.html`, bare.replace('tab.js', 'oldest.js'));
  for (const name of ['index.html', 'openvidu.html', 'core.html', 'watch.html', 'opentok.html']) await copyFile(here(`page/${name}`), `${outdir}/${name}`);
}

// buildPrebuilt bundles the page of the 100ms prebuilt room. It is large, so that is
// done only for its scenarios.
export async function buildPrebuilt(outdir: string) {
  await build({
    entryPoints: [here('page/prebuilt.js')],
    outdir,
    bundle: true,
    format: 'iife',
    target: 'chrome110',
    logLevel: 'error',
    loader: { '.png': 'dataurl', '.svg': 'dataurl' },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' },
  });
  await copyFile(here('page/prebuilt.html'), `${outdir}/prebuilt.html`);
}

// buildPrograms turns programs/NAME.ts into NAME.mjs, for Node.
export async function buildPrograms(outdir: string) {
  await build({
    entryPoints: [here('programs/dns.ts'), here('programs/firefox.ts'), here('programs/site.ts')],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
}
