// Bundles the test page; the SDK goes in as published, nothing is patched.
import { build } from 'esbuild';
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = name => fileURLToPath(new URL(name, import.meta.url));

export async function buildPage(outdir) {
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: [here('page/tab.js')],
    outfile: `${outdir}/tab.js`,
    bundle: true,
    format: 'iife',
    target: 'chrome110',
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  for (const name of ['index.html', 'probe.js']) await copyFile(here(`page/${name}`), `${outdir}/${name}`);
}
