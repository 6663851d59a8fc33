// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Callbacks, PlayerDecorator, SyncSDK } from "../src";
import { correct, expected, readPosition } from "../src/follow";

const playing = { position: 60_000, playing: true, rate: 1 };
const player = { threshold: 50, seekable: true };

test("the leader goes on while nothing is heard of it, unless it stands", () => {
  assert.equal(expected(playing, 500), 60_500);
  assert.equal(expected({ ...playing, rate: 2 }, 500), 61_000);
  assert.equal(expected({ ...playing, playing: false }, 500), 60_000);
});

test("a player in step is left alone, one nearby changes its speed, one far away jumps", () => {
  assert.deepEqual(correct(40, playing, 60_000, player), { rate: 1 });
  assert.deepEqual(correct(500, playing, 60_000, player), { rate: 0.95 }); // ahead, so slower
  assert.deepEqual(correct(-1500, playing, 60_000, player), { rate: 1.1 }); // never more than a tenth
  assert.deepEqual(correct(-2500, playing, 60_000, player), { seek: 60_000 });
  assert.deepEqual(correct(-2500, playing, 60_000, { ...player, seekable: false }), { rate: 1.1 });
  assert.deepEqual(correct(500, { ...playing, playing: false }, 60_000, player), { seek: 60_000 }); // speed moves nothing that stands
});

test("positions come from somebody else, and are read with care", () => {
  assert.deepEqual(readPosition({ position: 1, playing: true }), { position: 1, playing: true, rate: 1 });
  for (const x of [undefined, null, 7, {}, { position: "1", playing: true }, { position: NaN, playing: true }, { position: 1 }]) assert.equal(readPosition(x), undefined);
  assert.equal(readPosition({ position: 1, playing: true, rate: 1e9 }).rate, 1);
});

test("what cannot work says why by number, and need not be caught", async () => {
  const sync = new SyncSDK();
  sync.setLogLevel(0);
  sync.attachListener(() => {}, Callbacks.chat_update);
  await assert.rejects(sync.createGroup("nonsense", "Ann"), { code: 1101 });
  await assert.rejects(sync.sendMessageToGroup("x"), { code: 102 });
  await assert.rejects(sync.setGroupPosition(), { code: 102 });
  sync.addPlayerClient(new PlayerDecorator({}));
  sync.stopSynchronize();
});
