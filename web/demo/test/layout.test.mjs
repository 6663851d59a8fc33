// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, gap, smallest } from "../src/layout.ts";

const screens = [[1256, 668], [900, 600], [359, 580], [320, 480], [1900, 980]];

test("all tiles fit without scrolling as long as they are not too small", () => {
  for (const [width, height] of screens) {
    for (let n = 1; n <= 60; n++) {
      const tile = fit(n, width, height, false);
      const columns = Math.floor((width + gap) / (tile.width + gap));
      assert.ok(columns >= 1 && tile.width > 0 && tile.height > 0, `${n} on ${width}×${height}`);
      const needed = Math.ceil(n / columns) * (tile.height + gap) - gap;
      assert.ok(needed <= height || tile.width < smallest * 2, `${n} on ${width}×${height} need ${needed}`);
      assert.ok(columns * (tile.width + gap) - gap <= width);
    }
  }
});

test("two are side by side on a wide screen and above each other on a telephone", () => {
  assert.ok(fit(2, 1256, 668, false).width < 1256 / 2);
  assert.ok(fit(2, 359, 580, false).width > 359 / 2);
});

test("a camera is cut to 4:3 at most, unless the screen is upright", () => {
  for (let n = 1; n <= 12; n++) {
    const tile = fit(n, 1256, 668, false);
    assert.ok(tile.width / tile.height >= 4 / 3 - 0.01, `${n}: ${tile.width}×${tile.height}`);
  }
  const upright = fit(2, 359, 616, false);
  assert.ok(upright.width / upright.height < 4 / 3);
});

test("a camera is never wider than 16:9, a screen takes what there is", () => {
  const alone = fit(1, 1800, 600, false);
  assert.ok(alone.width / alone.height <= 16 / 9 + 0.01);
  assert.deepEqual(fit(1, 1800, 600, true), { width: 1800, height: 600 });
});
