// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultData as faults } from "../../faults/data.ts";
import { advice, headline, standing } from "../src/user-words.ts";

const explained = (f) => ({ ...f, user: f.user.en, passes: !f.isTerminal });

// What a call that is over cannot do, and what only a developer understands.
const promise = /trying to|by itself|will be reconnected|one moment|goes on/i;
const jargon = /\b(SDK|API|token|ICE|DTLS|SDP|socket|server's log|terminal|retry|fault|payload|peer|codec|backend|init)\b/i;

test("a failure that ended the call never promises that the call goes on", () => {
  for (const f of faults) {
    for (const status of ["open", "retrying"]) {
      const problem = { status, terminal: true, name: "" };
      for (const text of [headline(explained(f)), advice(problem, explained(f)), standing(problem)]) {
        assert.doesNotMatch(text, promise, f.id);
        assert.ok(text, f.id);
      }
    }
  }
});

test("nobody who only wants to talk meets a developer's word", () => {
  for (const f of faults) {
    for (const terminal of [true, false]) {
      for (const status of ["open", "retrying", "recovered"]) {
        const problem = { status, terminal, name: "" };
        for (const text of [headline(explained(f)), advice(problem, explained(f)), standing(problem)]) {
          assert.doesNotMatch(text, jargon, f.id);
        }
      }
    }
  }
});

test("what the catalogue does not know is said plainly", () => {
  const unknown = { id: "", category: "", user: "", passes: false, retry: "" };
  assert.equal(headline(unknown), "Something went wrong");
  assert.match(advice({ status: "open", terminal: true }, unknown), /join again/);
  assert.equal(advice({ status: "open", terminal: false }, unknown), "You can try again.");
});
