// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Loaded before a backend that was written for the vendor's servers: its server SDK is
// given the address of ours, which is the third argument of its constructor.
const Module = require('node:module');

const load = Module._load;
Module._load = function (name, ...rest) {
  const loaded = load.call(this, name, ...rest);
  return name === 'opentok' ? new Proxy(loaded, { construct: (OpenTok, [key, secret]) => new OpenTok(key, secret, process.env.OPENTOK_URL) }) : loaded;
};
