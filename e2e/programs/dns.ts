// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A name server for a few names, in a process of its own so that it may live in
// a namespace: dns ADDRESS NAMES. Its answers are good for a second only.
import { createSocket } from 'node:dgram';

const names: Record<string, string> = JSON.parse(process.argv[3]);
const socket = createSocket('udp4');
socket.on('message', (query, from) => socket.send(answer(query), from.port, from.address));
socket.bind(53, process.argv[2], () => console.log('ready'));

// answer knows addresses of IPv4 and says of everything else that it has none
// (RFC 1035, section 4.1).
function answer(query: Buffer) {
  const labels = [];
  let at = 12;
  for (let n = query[at]; n; n = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + n));
    at += n + 1;
  }
  const address = names[labels.join('.').toLowerCase()];
  const found = address && query.readUInt16BE(at + 1) === 1;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(address ? 0x8580 : 0x8583, 2); // authoritative; or no such name
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  const question = query.subarray(12, at + 5);
  if (!found) return Buffer.concat([head, question]);
  return Buffer.concat([head, question, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)])]);
}
