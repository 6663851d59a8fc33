// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The published surface, name by name, against the library as it is built.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";

const web = process.cwd(); // npm runs the tests there
const surface = JSON.parse(readFileSync(join(web, "opentok", "surface.json"), "utf8"));
const dir = mkdtempSync(join(tmpdir(), "redial-opentok-"));
const dist = join(dir, "node_modules/@redial-rtc/opentok/dist");
let OT;

before(() => {
  const build = `const { buildPackage } = await import(${JSON.stringify(join(web, "packages.mjs"))}); await buildPackage("opentok", ${JSON.stringify(dist)});`;
  execFileSync(process.execPath, ["--input-type=module", "-e", build], { cwd: web, stdio: "inherit" });
  cpSync(join(web, "opentok/package.json"), join(dist, "../package.json"));
  OT = createRequire(import.meta.url)(join(dist, "index.cjs"));
});
after(() => rmSync(dir, { recursive: true, force: true }));

const has = (object, names) => names.filter((name) => typeof object[name] === "function");

test("every call of the published surface is there", () => {
  const made = {
    session: OT.initSession("1", "none"), publisher: new OT.Publisher({ target: "x", properties: {}, handler: () => {} }),
    subscriber: new OT.Subscriber(OT.initSession("1", "none"), undefined, { properties: {}, handler: () => {} }),
  };
  const rows = [["OT", OT, surface.functions], ["emitters", made.session, surface.emitter]];
  for (const name of ["session", "publisher", "subscriber"]) rows.push([name, made[name], surface[name].methods]);
  let count = 0, all = 0;
  for (const [name, object, names] of rows) {
    const there = has(object, names);
    console.log(`${name}: ${there.length} of ${names.length} calls`);
    count += there.length;
    all += names.length;
    assert.deepEqual(there, names);
  }
  console.log(`${count} of ${all} calls`);
  assert.equal(all, 86);
  const promised = ["session", "publisher", "subscriber"].flatMap((name) => surface[name].withPromise.map((call) => [made[name][call], `${name}.${call}`]));
  for (const [call, name] of [...promised, [OT.initPublisher, "initPublisher"], [OT.hasMediaProcessorSupport, "hasMediaProcessorSupport"]]) {
    assert.ok(typeof call === "function" && typeof call.promise === "function", `${name}.promise`);
  }
  console.log(`and ${promised.length} of ${promised.length} calls that are properties with a promise form`);
});

test("every type and every event is declared, in the shape of the published ones", () => {
  const events = ["session", "publisher", "subscriber"].flatMap((object) => surface[object].events.map((name) => ({ object, name })));
  console.log(`${events.length} of 53 events, ${surface.types.length} of 60 types`);
  assert.deepEqual([events.length, surface.types.length], [53, 60]);
  const generic = { Event: "<string, object>", OTEventEmitter: "<{}>", SessionOTEventEmitter: "<{}>", VideoDimensionsChangedEvent: "<object>" };
  const program = `import OT from "@redial-rtc/opentok";
    import type { OTError } from "@redial-rtc/opentok";
    ${surface.types.map((name, i) => `export type T${i} = OT.${name}${generic[name] ?? ""};`).join("\n")}
    declare const session: OT.Session; declare const publisher: OT.Publisher; declare const subscriber: OT.Subscriber;
    ${events.map(({ object, name }) => `${object}.on("${name}", (e) => { const type: "${name}" = e.type as "${name}"; e.preventDefault(); void type; });`).join("\n")}
    // Events carry what apps read.
    session.on("streamCreated", ({ stream }) => { session.subscribe(stream, "somewhere", { insertMode: "append" }, (error?: OTError) => { void error; }).setAudioVolume(50); });
    session.on("signal:chat", ({ data, from }) => { const text: string | undefined = data; void [text, from?.connectionId]; });
    session.on("streamPropertyChanged", (e) => { if (e.changedProperty === "videoDimensions") e.newValue.width.toFixed(); });
    publisher.on("audioLevelUpdated", ({ audioLevel }) => { audioLevel.toFixed(); });
    subscriber.on("videoDisabled", ({ reason }) => { reason.trim(); });
    session.connect("token", (error) => { if (error) console.log(error.name, error.message); });
    void session.publish.promise("here", { publishVideo: false }).then((p: OT.Publisher) => p.publishVideo(true));
    void OT.getDevices((_error, devices) => { for (const d of devices ?? []) if (d.kind === "audioInput") d.label.trim(); });
    // @ts-expect-error a number is no source
    OT.initPublisher("here", { audioSource: 7 });
  `;
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "package.json"), '{"type":"module"}');
  writeFileSync(join(dir, "program.ts"), program);
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({
    compilerOptions: { target: "es2022", lib: ["es2022", "dom", "dom.iterable"], module: "esnext", moduleResolution: "bundler", strict: true, types: [], noEmit: true },
    files: ["program.ts"],
  }));
  execFileSync(process.execPath, [join(web, "node_modules/typescript/bin/tsc"), "-p", dir], { stdio: "inherit" });
});

test("the tables of docs/opentok.md name every call and every event once", () => {
  const doc = readFileSync(join(web, "../docs/opentok.md"), "utf8");
  const row = (of, columns) => {
    const found = doc.split("\n").find((line) => line.startsWith(`| ${of} |`) && line.split(" | ").length === columns);
    return [...(found ?? "").slice(of.length + 3).matchAll(/`(\w+)`/g)].map((m) => m[1]).sort();
  };
  assert.deepEqual(row("`OT`", 4), [...surface.functions].sort());
  assert.deepEqual(row("emitters", 4), surface.emitter);
  for (const [of, name] of [["Session", "session"], ["Publisher", "publisher"], ["Subscriber", "subscriber"]]) {
    assert.deepEqual(row(of, 4), [...surface[name].methods, ...surface[name].withPromise].sort(), of);
    assert.deepEqual(row(of, 3), [...surface[name].events].sort(), of);
  }
});

// Where each call and each event is shown: a scenario of ../e2e, or FILE#TEST. The list
// of what opentok-calls shows is held to this one by that scenario.
test("what each call does and when each event comes is shown by a test", () => {
  const shown = JSON.parse(readFileSync(join(web, "opentok/shown.json"), "utf8"));
  const names = (part) => [...surface[part].methods, ...surface[part].withPromise].map((name) => `${part}.${name}`);
  const parts = ["session", "publisher", "subscriber"];
  assert.deepEqual(Object.keys(shown.calls).sort(), [...surface.functions.map((n) => `OT.${n}`), ...surface.emitter.map((n) => `emitter.${n}`), ...parts.flatMap(names)].sort());
  assert.deepEqual(Object.keys(shown.events).sort(), parts.flatMap((part) => surface[part].events.map((n) => `${part}.${n}`)).sort());
  const root = join(web, "..");
  const files = new Map();
  const read = (file) => files.get(file) ?? files.set(file, readFileSync(join(root, file), "utf8")).get(file);
  const scenarios = ["opentok", "opentok-calls"].map((name) => read(`e2e/scenarios/${name}.spec.ts`)).join("\n");
  for (const [name, where] of [...Object.entries(shown.calls), ...Object.entries(shown.events)]) {
    const [file, title] = where.split("#");
    const [text, head, next] = title ? [read(file), `\ntest(${JSON.stringify(title)}`, "\ntest("] : [scenarios, `scenario('${where}'`, "\n  scenario("];
    const at = text.indexOf(head);
    assert.ok(at >= 0, `${name}: there is no ${where}`);
    // opentok-calls plays the list that stands above it.
    const body = where === "opentok-calls" ? text : text.slice(at, text.indexOf(next, at + 1) + 1 || undefined);
    assert.match(body, new RegExp(`\\b${name.split(".")[1]}\\b`), `${name} is not in ${where}`);
  }
  console.log(`${Object.keys(shown.calls).length} calls and ${Object.keys(shown.events).length} events are shown`);
});

test("the script file is at most 60 kB in gzip, and has no dependency", () => {
  const size = gzipSync(readFileSync(join(dist, "opentok.js")), { level: 9 }).length;
  console.log(`opentok.js: ${(size / 1000).toFixed(1)} kB in gzip`);
  assert.ok(size <= 60_000, `${size} bytes`);
  assert.equal(JSON.parse(readFileSync(join(web, "opentok/package.json"), "utf8")).dependencies, undefined);
});
