// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A socket that a test holds the other end of.
export class TestSocket {
  static made = [];
  static broken = false; // sockets that are made do not open

  sent = [];
  constructor(url) {
    this.url = url;
    TestSocket.made.push(this);
    queueMicrotask(() => (TestSocket.broken ? this.onclose?.({ code: 1006, reason: "" }) : this.onopen?.()));
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close(code) { this.closed = code ?? 1005; }

  // What the server does.
  tell(frame) { this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify({ jsonrpc: "2.0", ...frame }) }); }
  answer(method, result) { this.tell({ id: this.call(method).id, result }); }
  refuse(method, error) { this.tell({ id: this.call(method).id, error }); }
  call(method) { return this.sent.findLast((f) => f.method === method); }
  drop() { this.onclose?.({ code: 1006, reason: "" }); }
}

// settled lets everything run that waits for nothing but other code.
export const settled = () => new Promise((resolve) => setImmediate(resolve));

// runs lets a page run for ms, in which its timers are on time. One tick of ms is a
// page that is held up for as long.
export function runs(timers, ms) {
  for (let at = 0; at < ms; at += 100) timers.tick(100);
}
