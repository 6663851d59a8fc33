// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Runs one test file that was written for WebdriverIO 4, whose calls return when they
// are done: `browser` and `$` wait here, in a thread of their own, while the thread
// that started this one does what they ask (wdio.ts).
import { createRequire } from 'node:module';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';

const { file, port, flag } = workerData;
const woken = new Int32Array(flag);

function ask(op, ...args) {
  Atomics.store(woken, 0, 0);
  port.postMessage({ op, args });
  Atomics.wait(woken, 0, 0);
  const { value, error } = receiveMessageOnPort(port).message;
  if (error) throw new Error(error);
  return value;
}

class Element {
  constructor(selector) { this.selector = selector; }
  waitForExist(ms) { return ask('waitFor', this.selector, 'attached', ms); }
  waitForVisible(ms) { return ask('waitFor', this.selector, 'visible', ms); }
  click() { return ask('click', this.selector); }
  isEnabled() { return ask('isEnabled', this.selector); }
  getAttribute(name) { return ask('attribute', this.selector, name); }
  selectByValue(value) { return ask('select', this.selector, { value }); }
  selectByIndex(index) { return ask('select', this.selector, { index }); }
  getCssProperty(name) { return { parsed: { value: parseFloat(ask('css', this.selector, name)) } }; }
}

const browser = {
  desiredCapabilities: { browserName: 'chrome' },
  url: path => ask('url', path),
  getTitle: () => ask('title'),
  getUrl: () => ask('address'),
  getTabIds: () => ask('tabs'),
  switchTab: id => ask('switchTab', id),
  newWindow: path => ask('newWindow', path),
  pause: ms => ask('pause', ms),
  execute: run => ask('execute', `(${run})()`),
  setValue: (selector, text) => ask('type', selector, text),
  getText: selector => ask('text', selector),
  elements: selector => ({ value: Array.from({ length: ask('count', selector) }, () => new Element(selector)) }),
  waitUntil(done, ms = 10_000, message = 'waited in vain', every = 200) {
    for (let left = ask('patient', ms); left > 0; left -= every) {
      if (done()) return;
      ask('pause', every);
    }
    throw new Error(message);
  },
};

// Tests run in the order they are written in, after what goes before their group.
const root = { name: [], before: [], parts: [] };
let group = root;
Object.assign(globalThis, {
  browser,
  $: selector => new Element(selector),
  describe(name, declare) {
    const outer = group;
    outer.parts.push(group = { name: [...outer.name, name], before: [], parts: [] });
    declare();
    group = outer;
  },
  beforeAll: run => group.before.push(run),
  it: (name, run) => group.parts.push({ name: [...group.name, name], run }),
});

const results = [];
function play(part, broken) {
  if (part.run) {
    try {
      if (broken) throw broken;
      part.run();
      results.push({ name: part.name.join(' › ') });
    } catch (e) {
      results.push({ name: part.name.join(' › '), error: e.message });
    }
    return;
  }
  try {
    for (const run of part.before) run();
  } catch (e) {
    broken = e;
  }
  for (const one of part.parts) play(one, broken);
}

createRequire(file)(file);
play(root);
port.postMessage({ op: 'over', args: [results] });
