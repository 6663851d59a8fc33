// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Builds the console's pages, for internal/console/dist: an origin of its own, with
// nothing on it that is not needed. What a visit loads is held to a size, in gzip.
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { gzipSync } from "node:zlib";

// What it may weigh, in bytes of gzip; a font is compressed already.
const most = { script: 45_000, style: 10_000, all: 190_000 };

/** Everything that belongs into dist, and what it was made of. */
export async function console_(web, dist, licences) {
  const script = "console/src/main.tsx", style = "console/src/style.css";
  const result = await build({
    absWorkingDir: web, entryPoints: [script, style], outdir: dist, outbase: ".",
    entryNames: "assets/[name]-[hash]", chunkNames: "assets/[name]-[hash]", assetNames: "assets/[name]-[hash]",
    bundle: true, splitting: true, minify: true, format: "esm", target: ["chrome111", "firefox115", "safari16.4"],
    jsx: "automatic", jsxImportSource: "preact", loader: { ".woff2": "file" }, publicPath: "/console",
    define: { "process.env.NODE_ENV": '"production"' }, legalComments: "none", charset: "utf8", metafile: true, write: false,
  });
  const name = (path) => relative(dist, resolve(web, path)).split(sep).join("/");
  const entry = (point) => "/console/" + name(Object.entries(result.metafile.outputs).find(([, out]) => out.entryPoint === point)[0]);
  const files = new Map();
  const sizes = { script: 0, style: 0, all: 0 };
  for (const file of result.outputFiles) {
    const bytes = Buffer.from(file.contents), path = name(file.path);
    files.set(path, bytes);
    const size = path.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
    sizes.all += size;
    if (path.endsWith(".js")) sizes.script += size;
    if (path.endsWith(".css")) sizes.style += size;
  }
  for (const [what, size] of Object.entries(sizes)) {
    if (size > most[what]) throw new Error(`the console's ${what} has ${size} bytes in gzip, more than ${most[what]}`);
  }
  const html = (await readFile(join(web, "console", "index.html"), "utf8"))
    .replace(/^ *%chunks%\n/m, "").replace("%script%", entry(script)).replace("%style%", entry(style));
  files.set("index.html", Buffer.from(html));
  files.set("favicon.svg", await readFile(join(web, "demo", "favicon.svg")));
  files.set("licences.txt", Buffer.from(await licences(result.metafile)));
  return { files, sizes };
}
