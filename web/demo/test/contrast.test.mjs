// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync("demo/src/style.css", "utf8");

/** The colours of a theme: the first block behind a text. */
function palette(behind) {
  const block = css.slice(css.indexOf(behind)).match(/\{([^{}]*)\}/)[1];
  return Object.fromEntries([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]));
}

const themes = { dark: palette(":root,\n.tile"), light: palette("(prefers-color-scheme: light) {\n  :root") };

/** Relative luminance and contrast, as WCAG 2.2 defines them. */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

test("contrast is computed as WCAG does", () => {
  assert.equal(contrast("#000000", "#ffffff").toFixed(2), "21.00");
  assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
});

// What is read where: the colour, and the surfaces that it is on.
const texts = [
  ["text", ["bg", "surface", "raised", "raised-more", "warn-tint"]],
  ["muted", ["bg", "surface", "raised"]],
  ["placeholder", ["bg"]],
  ["accent", ["bg", "surface", "raised", "good-tint"]],
  ["danger", ["bg", "surface", "raised", "danger-tint"]],
  ["warn", ["bg", "surface", "raised", "warn-tint"]],
  ["on-accent", ["accent", "accent-strong"]],
  ["on-warn", ["warn"]],
];
const borders = [
  ["line-strong", ["bg", "surface", "raised"]],
  ["danger-line", ["bg", "surface", "danger-tint"]],
  ["warn-line", ["bg", "surface", "warn-tint"]],
  ["good-line", ["bg", "surface", "good-tint"]],
];

for (const [name, theme] of Object.entries(themes)) {
  test(`${name}: text can be read, and borders of controls be seen`, () => {
    assert.deepEqual(Object.keys(theme).sort(), Object.keys(themes.dark).sort(), "both themes have every colour");
    for (const [list, least] of [[texts, 4.5], [borders, 3]]) {
      for (const [colour, surfaces] of list) {
        for (const surface of surfaces) {
          const got = contrast(theme[colour], theme[surface]);
          assert.ok(got >= least, `${colour} ${theme[colour]} on ${surface} ${theme[surface]}: ${got.toFixed(2)}, at least ${least}`);
        }
      }
    }
    for (const fill of ["danger-fill", "danger-fill-strong"]) assert.ok(contrast("#ffffff", theme[fill]) >= 4.5, fill);
  });
}

test("no border has a colour that only one theme knows, and fields and buttons have one that can be seen", () => {
  assert.doesNotMatch(css, /border[a-z-]*:[^;]*#[0-9a-f]{3,6}/);
  for (const control of ["\n.button {", "\ninput:not([type=\"checkbox\"]),\nselect {", "\n.check {"]) {
    const rule = css.slice(css.indexOf(control) + 1).match(/\{([^}]*)\}/)[1];
    assert.match(rule, /border: 1px solid var\(--line-strong\)/, control);
  }
});
