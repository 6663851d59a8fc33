// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Serves the app and builds it as it is asked for.
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const app = await context({
  entryPoints: [`${here}app.js`],
  outdir: here,
  write: false,
  bundle: true,
  format: 'esm',
  define: { 'process.env.NODE_ENV': '"production"' },
});
const { port } = await app.serve({ host: '127.0.0.1', port: Number(process.env.PORT ?? 47811), servedir: here });
console.log(`http://127.0.0.1:${port}`);
