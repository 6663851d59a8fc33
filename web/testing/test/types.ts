// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A program as a user writes it. It is compiled, never run.
import { connectRedial, Redial, RedialError, startRedial, type RedialEvent } from '@redial-rtc/testing';

export async function program(): Promise<number> {
  await using redial = await startRedial({ binary: './redial', timeout: 5000, onLog: text => text.length });
  const room = await redial.createRoom({ size: 2 });
  const token: string = await redial.token({ room: room.id, role: 'host', lifetime: '-5m' });
  await using injection = await redial.inject({ fault: '4005', room: room.id, user: 'ann', for: '10s', direction: 'in' });
  await redial.inject({ fault: 'loss', room: room.id, network: 'udp', packets: 'audio', probability: 0.2 });
  await redial.inject({ at: 'clock', room: room.id, skew: '-2h' });
  const { sessionId, room: name } = await redial.openTokSession({ room: room.name });
  await redial.inject({ fault: 'OT_STREAM_CREATE_FAILED', room: name, peer: redial.openTokToken({ session: sessionId, role: 'moderator', lifetime: '-5m' }) });
  // @ts-expect-error: a room is needed
  await redial.inject({ fault: '4005' });
  // @ts-expect-error: there are two directions
  await redial.inject({ fault: '4005', room: room.id, direction: 'up' });
  // @ts-expect-error: a misspelt filter would find everything
  await redial.events({ roomid: room.id });
  const event: RedialEvent = await redial.waitForEvent({ room_id: room.id, since: new Date() }, { match: e => e.redial?.injected === true });
  const other: Redial = connectRedial({ url: redial.url, managementToken: redial.managementToken });
  await other.request('GET', '/v2/rooms').catch((e: unknown) => e instanceof RedialError && e.fault === 'token.missing');
  return token.length + injection.at.length + (event.data.error_code ?? 0);
}
