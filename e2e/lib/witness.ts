// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What makes a device's own facts worth telling: a TURN server that refuses.
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { BrowserContext } from '@playwright/test';

// giveServers has the SDK told of ICE servers.
export const giveServers = (context: BrowserContext, servers: object[]) => context.route(/\/init\?/, async route => {
  const answer = await route.fetch();
  const json = await answer.json();
  json.rtcConfiguration.ice_servers = servers;
  await route.fulfill({ response: answer, json });
});

// refusingTURN is a TURN server that lets nobody in: whatever the credentials, it
// answers each request for an address with 401 (RFC 8489, section 9.2.4).
export async function refusingTURN(): Promise<{ url: string; close(): void }> {
  const host = Object.values(networkInterfaces()).flat().find(i => i && i.family === 'IPv4' && !i.internal)?.address ?? '127.0.0.1';
  const socket = createSocket('udp4');
  socket.on('message', (request, from) => {
    if (request.length < 20 || request.readUInt16BE(0) !== 0x0003) return; // Allocate
    const attribute = (type: number, value: Buffer) => {
      const head = Buffer.alloc(4);
      head.writeUInt16BE(type, 0);
      head.writeUInt16BE(value.length, 2);
      return Buffer.concat([head, value, Buffer.alloc((4 - value.length % 4) % 4)]);
    };
    const body = Buffer.concat([
      attribute(0x0009, Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.from('Unauthorized')])),
      attribute(0x0014, Buffer.from('turn.example')), attribute(0x0015, Buffer.from('nonce')),
    ]);
    const head = Buffer.from(request.subarray(0, 20));
    head.writeUInt16BE(0x0113, 0); // its error response
    head.writeUInt16BE(body.length, 2);
    socket.send(Buffer.concat([head, body]), from.port, from.address);
  });
  await new Promise<void>(resolve => socket.bind(0, host, resolve));
  return { url: `turn:${host}:${socket.address().port}?transport=udp`, close: () => socket.close() };
}
