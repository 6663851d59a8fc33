// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The packages as npm would carry them, in a program of somebody else's.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const web = process.cwd(); // npm runs the tests there
const programs = {
  core: `import { capture, CallError, FaultId, Session, type RemoteStream } from "@redial-rtc/core";
    const session = new Session({ url: "wss://example.org" });
    session.on("streamAdded", (s: RemoteStream) => { const media: MediaStream = session.subscribe(s).media; void media; });
    session.on("ended", (e: CallError) => { if (e.fault === FaultId.RoomEnded) console.log(e.entry.user.en); });
    void session.publish(capture({ audio: true })).ready;`,
  wtsdk: `import WT, { type SessionError, type StreamInfo } from "@redial-rtc/wtsdk";
    WT.SessionListeners.onStreamCreated((s: StreamInfo) => { const stream: MediaStream = s.stream; void stream; });
    WT.ErrorsListeners.onSessionError((e: SessionError) => { const code: number = e.error.code; void code; });
    void WT.Session.connect("token", "Ann", { audio: true, video: { deviceId: "x" } }, { seat: 7 });
    // @ts-expect-error a name is wanted
    void WT.Session.connectAsAViewer("token");`,
  syncsdk: `import { Callbacks, LogLevels, PlayerDecorator, SyncSDK } from "@redial-rtc/syncsdk";
    class Video extends PlayerDecorator<HTMLVideoElement> { override play() { void this.player.play(); } }
    const sync = new SyncSDK();
    sync.setLogLevel(LogLevels.DEBUG);
    sync.attachListener((delta: number) => console.log(delta), Callbacks.delta_change);
    sync.addPlayerClient(new Video(document.createElement("video")));`,
  opentok: `import OT from "@redial-rtc/opentok";
    const session: OT.Session = OT.initSession("key", "id");
    session.on("streamCreated", ({ stream }) => { session.subscribe(stream, "here"); }).connect("token", (e?: OT.OTError) => { if (e?.name === "OT_CONNECT_FAILED") session.publish(OT.initPublisher()); });
    // @ts-expect-error a stream is wanted
    session.subscribe("here");`,
};

for (const [name, program] of Object.entries(programs)) {
  test(`@redial-rtc/${name} builds, and programs in TypeScript compile against it`, () => {
    execFileSync(process.execPath, ["packages.mjs", name], { cwd: web, stdio: "inherit" });
    const manifest = JSON.parse(readFileSync(join(web, name, "package.json"), "utf8"));
    assert.equal(manifest.dependencies, undefined, "no dependencies");
    const said = join(web, name, "src", "version.ts"); // what the server is told
    if (existsSync(said)) assert.ok(readFileSync(said, "utf8").includes(`"${manifest.version}"`), "the version of the manifest");
    assert.equal(readFileSync(join(web, name, "LICENSE"), "utf8"), readFileSync(join(web, "..", "LICENSE"), "utf8"));
    const dir = mkdtempSync(join(tmpdir(), "redial-package-"));
    try {
      const packed = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: join(web, name), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }))[0].files.map((f) => f.path);
      for (const file of packed) cpSync(join(web, name, file), join(dir, "node_modules/@redial-rtc", name, file));
      writeFileSync(join(dir, "package.json"), '{"type":"module"}');
      writeFileSync(join(dir, "program.ts"), program);
      for (const moduleResolution of ["nodenext", "bundler"]) {
        writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({
          compilerOptions: { target: "es2022", lib: ["es2022", "dom", "dom.iterable"], module: moduleResolution === "nodenext" ? "nodenext" : "esnext", moduleResolution, strict: true, types: [], noEmit: true },
          files: ["program.ts"],
        }));
        execFileSync(process.execPath, [join(web, "node_modules/typescript/bin/tsc"), "-p", dir], { stdio: "inherit" });
      }
      // The module loads where there is no browser: servers that render pages import it, too.
      execFileSync(process.execPath, ["--input-type=module", "-e", `await import("@redial-rtc/${name}")`], { cwd: dir, stdio: "inherit" });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
}
