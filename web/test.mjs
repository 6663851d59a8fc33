// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Runs the tests of the pages' logic, of the catalogue and of the packages for
// browsers in Node: bundles each test file with the TypeScript it imports, then
// hands them to node:test.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));
const tests = [];
for (const part of ["demo", "faults", "core", "wtsdk", "syncsdk", "opentok", "witness", "console"]) {
  const found = (await readdir(join(web, part, "test"))).filter((f) => f.endsWith(".test.mjs")).sort();
  tests.push(...found.map((f) => join(part, "test", f)));
}
const out = await mkdtemp(join(tmpdir(), "redial-web-"));
try {
  await build({
    absWorkingDir: web,
    entryPoints: tests,
    outdir: out,
    outbase: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const run = spawnSync(process.execPath, ["--test", "--enable-source-maps", ...tests.map((f) => join(out, f))], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
