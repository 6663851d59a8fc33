// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Builds the pages into internal/pages/dist, and the console into internal/console/dist,
// where the Go binary embeds them.
//
//   node build.mjs           write the output
//   node build.mjs --check   build in memory, compare with what is committed, fail on drift
//
// The output depends only on the sources and the lock file: no times, no
// absolute paths, no source maps. File names carry a hash of their content, so
// the server may let browsers keep them for ever.
import { build } from "esbuild";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { settings } from "./packages.mjs";
import { console_ } from "./console/build.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const dist = join(web, "..", "internal", "pages", "dist");
const consoleDist = join(web, "..", "internal", "console", "dist");

// What may be bundled into an Apache-2.0 binary. A copyleft dependency that
// arrives with an update stops the build instead of reaching the users.
const licencesAllowed = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "OFL-1.1", "Unlicense"]);

// What packages are under that name no licence themselves, from the text they come with.
const licencesFound = { "wildemitter 1.2.1": "MIT" };

// One script tag for any page; see docs/witness.md. Its name has no hash, since pages of others name it.
const witness = { script: "witness/src/script.ts", file: "witness.js", most: 3 * 1024 }; // bytes of gzip

// Pages that look alike: what each says is put in place of the marks of that name.
const stage = { html: "watch/index.html", style: "watch/src/style.css" };

// The page of Sceenic WatchTogether's API, at /watch/.
const watch = { ...stage, script: "watch/src/main.ts", words: { "%title%": "watch together", "%token%": "Token", "%required%": " required", "%example%": "" } };

// The page of OpenVidu 2's client, at /ov/.
const ov = {
  ...stage, script: "ov/src/main.ts",
  words: { "%title%": "an OpenVidu app", "%token%": "Token of a connection", "%required%": "", "%example%": ' placeholder="wss://…?sessionId=…&amp;token=…"' },
};

// The page of the library for OpenTok apps, at /ot/; and the library, which apps load from here.
const ot = {
  ...stage, script: "ot/src/main.ts",
  words: { "%title%": "an OpenTok app", "%token%": "Token of the session", "%required%": " required", "%example%": ' placeholder="T1==…"' },
};
const opentok = { script: "opentok/src/script.ts", file: "opentok/opentok.js", most: 60 * 1000 };

const page = {
  html: "demo/index.html",
  boot: "demo/src/boot.ts",
  script: "demo/src/main.tsx",
  style: "demo/src/style.css",
  split: "demo/src/sdk.ts", // only there to give the SDK a file of its own; its own output is not kept
};

const desk = await console_(web, consoleDist, licences);
for (const [dir, files] of [[dist, await output()], [consoleDist, desk.files]]) {
  await (process.argv.includes("--check") ? check : write)(dir, files);
}
console.log(`the console: ${desk.sizes.script} bytes of script and ${desk.sizes.all} in all, in gzip`);

/** Everything that belongs into dist: path → bytes. */
async function output() {
  const result = await build({
    absWorkingDir: web,
    entryPoints: [page.boot, page.script, page.style, page.split, watch.script, stage.style, ov.script, ot.script],
    outdir: dist,
    outbase: ".",
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: ["chrome100", "firefox100", "safari15.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "file" },
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
    charset: "utf8",
    metafile: true,
    write: false,
  });

  const name = (path) => relative(dist, resolve(web, path)).split(sep).join("/");
  const outputs = Object.entries(result.metafile.outputs);
  const made = (what, is) => {
    const found = outputs.find(([, out]) => is(out));
    if (!found) throw new Error(`nothing was built for ${what}`);
    return found;
  };
  const entry = (point) => made(point, (out) => out.entryPoint === point);
  // html is a page with the names of what was built for it.
  const html = async ({ html, script, style, words = {} }, more = {}) => {
    const [built, { imports }] = entry(script);
    const marks = { ...more, "%script%": name(built), "%style%": name(entry(style)[0]) };
    const chunks = imports.filter((i) => i.kind === "import-statement").map((i) => name(i.path));
    return Buffer.from((await readFile(join(web, html), "utf8"))
      .replace(/^( *)%chunks%$/m, (_, indent) => chunks.map((c) => `${indent}<link rel="modulepreload" href="/${c}">`).join("\n"))
      .replace(/%\w+%/g, (mark) => words[mark] ?? "/" + marks[mark]));
  };
  const font = "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2";
  const files = new Map([
    ["index.html", await html(page, { "%boot%": name(entry(page.boot)[0]), "%font%": name(made(font, (out) => font in out.inputs && Object.keys(out.inputs).length === 1)[0]) })],
    ["watch/index.html", await html(watch)],
    ["ov/index.html", await html(ov)],
    ["ot/index.html", await html(ot)],
  ]);
  const unused = name(entry(page.split)[0]);
  for (const file of result.outputFiles) {
    if (name(file.path) !== unused) files.set(name(file.path), Buffer.from(file.contents));
  }
  files.set(witness.file, await script(witness));
  files.set(opentok.file, await script(opentok, settings("opentok")));
  files.set("favicon.svg", await readFile(join(web, "demo", "favicon.svg")));
  files.set("licences.txt", Buffer.from(await licences(result.metafile)));
  return files;
}

/** What a page that is not ours loads: one classic script, of a size that is held. */
async function script({ script, file, most }, more = {}) {
  const { outputFiles } = await build({
    absWorkingDir: web, entryPoints: [script], bundle: true, minify: true, format: "iife", write: false, legalComments: "none", charset: "utf8",
    target: ["chrome100", "firefox100", "safari15.4"], ...more,
  });
  const built = Buffer.from(outputFiles[0].contents);
  const size = gzipSync(built, { level: 9 }).length;
  if (size > most) throw new Error(`${file} is ${size} bytes in gzip, more than ${most}`);
  return built;
}

/** The texts under which the bundled packages may be passed on. */
async function licences(metafile) {
  const roots = new Set();
  for (const input of Object.values(metafile.outputs).flatMap((o) => Object.keys(o.inputs))) {
    const at = input.lastIndexOf("node_modules/");
    if (at < 0) continue;
    const parts = input.slice(at + "node_modules/".length).split("/");
    const name = parts[0].startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
    roots.add(input.slice(0, at) + "node_modules/" + name);
  }
  const notes = [];
  for (const root of roots) {
    const meta = JSON.parse(await readFile(join(web, root, "package.json"), "utf8"));
    const licence = meta.license ?? licencesFound[`${meta.name} ${meta.version}`];
    if (!licencesAllowed.has(licence)) {
      throw new Error(`${meta.name} ${meta.version} is under ${licence}, which may not be bundled`);
    }
    const name = (await readdir(join(web, root))).sort().find((f) => /^(un)?licen[cs]e/i.test(f));
    const text = name ? (await readFile(join(web, root, name), "utf8")).replaceAll("\r\n", "\n").trim() : "";
    notes.push({ title: `${meta.name} ${meta.version} (${licence})`, text });
  }
  notes.sort((a, b) => (a.title < b.title ? -1 : 1));
  const line = "-".repeat(72);
  return (
    "The pages served by redial contain the following packages, unmodified.\n\n" +
    notes.map((n) => `${line}\n${n.title}\n${line}\n\n${n.text || "(no text is shipped with the package)"}\n`).join("\n")
  );
}

async function write(dist, files) {
  await rm(dist, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(dist, path)), { recursive: true });
    await writeFile(join(dist, path), bytes);
  }
  for (const [path, bytes] of [...files].sort()) console.log(String(bytes.length).padStart(9), path);
}

async function check(dist, files) {
  const wrong = [];
  const found = (await readdir(dist, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((e) => e.isFile())
    .map((e) => relative(dist, join(e.parentPath, e.name)).split(sep).join("/"));
  for (const path of found) if (!files.has(path)) wrong.push(`${path}: not built from these sources`);
  for (const [path, bytes] of files) {
    const committed = await readFile(join(dist, path)).catch(() => null);
    if (!committed) wrong.push(`${path}: missing`);
    else if (!committed.equals(bytes)) wrong.push(`${path}: differs`);
  }
  if (wrong.length > 0) {
    console.error(relative(join(web, ".."), dist) + " is not what the sources build:\n  " + wrong.sort().join("\n  ") + "\nRun: npm --prefix web run build");
    process.exit(1);
  }
  console.log(`${relative(join(web, ".."), dist)} is up to date (${files.size} files)`);
}
