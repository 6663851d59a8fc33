// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { reference, referenceOfUser } from "../src/reference";

test("a reference is the one by which the server finds a participant", () => {
  // The same values as in internal/event/reference_test.go.
  assert.equal(reference("5d0e6a0b-3f7c-4d7e-9a51-0b6a0a3967d5"), "64Z-1QZ");
  assert.equal(referenceOfUser("room", "Zoë"), "76K-8TX");
  assert.match(reference(""), /^[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}$/);
});
