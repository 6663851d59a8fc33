// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Builds the npm packages for browsers into dist of each: an ES module, the same
// as one script file where a package has one, and its types.
//
//   node packages.mjs             all of them
//   node packages.mjs wtsdk       one
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { shortCatalogue } from "./catalogue.mjs";

const web = dirname(fileURLToPath(import.meta.url));

export const packages = ["core", "wtsdk", "syncsdk", "opentok"];

/** What the packages download of the catalogue, where that is not all of it. */
const plugins = { opentok: [shortCatalogue(web, ["opentok", "web"])] };

/** The settings by which a package is built; esbuild's. */
export const settings = (name) => ({
  absWorkingDir: web, bundle: true, minify: true, target: ["chrome100", "firefox100", "safari15.4"], legalComments: "none", charset: "utf8", logLevel: "warning",
  plugins: plugins[name] ?? [],
});

/** Builds one package into a directory of its own. Nothing is left for an app's bundler to find: web/core and web/faults are part of each. */
export async function buildPackage(name, out = join(web, name, "dist")) {
  rmSync(out, { recursive: true, force: true });
  const common = settings(name);
  await build({ ...common, entryPoints: [`${name}/src/index.ts`], format: "esm", outfile: join(out, "index.js") });
  const manifest = JSON.parse(readFileSync(join(web, name, "package.json"), "utf8"));
  if (manifest.exports["."].require) await build({ ...common, entryPoints: [`${name}/src/index.ts`], format: "cjs", outfile: join(out, "index.cjs"), footer: { js: "module.exports = module.exports.default;" } });
  const script = `${name}/src/script.ts`;
  if (existsSync(join(web, script))) await build({ ...common, entryPoints: [script], format: "iife", outfile: join(out, `${name}.js`) });
  declare(name, join(out, "types"));
}

/** Writes the declarations, with the endings that Node's resolution wants (TypeScript leaves imports as they are written). */
function declare(name, out) {
  const tsc = join(web, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", join(web, name), "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", web, "--outDir", out], { stdio: "inherit" });
  for (const file of readdirSync(out, { recursive: true }).filter((f) => f.endsWith(".d.ts"))) {
    const path = join(out, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(/(from |import\()"(\.\.?\/[^"]+)"/g, (_, head, to) => {
      const target = join(dirname(path), to);
      return `${head}"${to}${existsSync(`${target}.d.ts`) ? ".js" : "/index.js"}"`;
    }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2);
  for (const name of asked) {
    if (!packages.includes(name)) throw new Error(`there is no package ${name}; there are ${packages.join(", ")}`);
  }
  for (const name of asked.length > 0 ? asked : packages) await buildPackage(name);
}
