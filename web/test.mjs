// Runs the tests of the pages' logic in Node: bundles each file of demo/test
// with the TypeScript it imports, then hands them to node:test.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { faults } from "./catalogue.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const tests = (await readdir(join(web, "demo", "test"))).filter((f) => f.endsWith(".test.mjs")).sort();
const out = await mkdtemp(join(tmpdir(), "redial-web-"));
try {
  await build({
    absWorkingDir: web,
    entryPoints: tests.map((f) => join("demo", "test", f)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    sourcemap: "inline",
    logLevel: "warning",
    plugins: [faults],
  });
  const run = spawnSync(process.execPath, ["--test", "--enable-source-maps", ...tests.map((f) => join(out, f))], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
