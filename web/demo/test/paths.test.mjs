// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Paths } from "../src/paths.ts";

class Connection extends EventTarget {
  connectionState = "new";
  signalingState = "stable";
  remoteDescription = null;
  change(what, event = "connectionstatechange") {
    Object.assign(this, what);
    this.dispatchEvent(new Event(event));
  }
}

test("a call is up when every connection that was negotiated is", () => {
  const paths = new Paths();
  const told = [];
  paths.up.on((up) => told.push(up));
  const publish = new Connection(), subscribe = new Connection();
  paths.watch(publish);
  paths.watch(subscribe);
  assert.equal(paths.up.value, true, "none has been negotiated");
  publish.change({ remoteDescription: {} }, "signalingstatechange");
  assert.equal(paths.up.value, false);
  publish.change({ connectionState: "connecting" });
  publish.change({ connectionState: "connected" });
  assert.equal(paths.up.value, true, "nobody sends yet, so there is nothing to receive");
  subscribe.change({ remoteDescription: {}, connectionState: "connecting" });
  assert.equal(paths.up.value, false);
  // The SDK gives it up and makes another.
  subscribe.signalingState = "closed";
  const again = new Connection();
  paths.watch(again);
  again.change({ remoteDescription: {}, connectionState: "connected" });
  assert.equal(paths.up.value, true);
  again.change({ connectionState: "disconnected" });
  assert.equal(paths.up.value, false);
});
