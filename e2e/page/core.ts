// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page of web/core by itself, subscribed to everything, on `window.core`.
import { capture, explain, Session, type Participant } from '../../web/core/src/index.ts';
import { flowOf, Journal, play } from './journal.ts';

const journal = new Journal();
const who = (p: Participant | undefined) => ({ id: p?.id, name: p?.name, local: p?.local });
const plain = (e: any) => ({ name: e?.name, message: e?.message, fault: e?.fault, operation: e?.operation, details: e?.details, explained: explain(e)?.fault.id });

let session: Session;
const attempt = (run: () => unknown) => journal.attempt(run, plain);

function open(url: string) {
  session = new Session({ url });
  session.on('participantJoined', p => journal.note('participantJoined', who(p)));
  session.on('participantLeft', (p, reason) => journal.note('participantLeft', { ...who(p), reason }));
  session.on('streamAdded', stream => {
    journal.note('streamAdded', { id: stream.id, participant: stream.participant.id, info: stream.info });
    const subscription = session.subscribe(stream);
    play(subscription.media, `video-${stream.participant.id}`);
    subscription.ready.catch(e => journal.note('subscribeFailed', plain(e)));
  });
  session.on('streamRemoved', (s, reason) => journal.note('streamRemoved', { id: s.id, participant: s.participant.id, reason }));
  session.on('streamChanged', (s, kind, active) => journal.note('streamChanged', { participant: s.participant.id, kind, active }));
  session.on('speaking', (p, speaking) => journal.note('speaking', { ...who(p), speaking }));
  session.on('message', m => journal.note('message', { from: m.from?.id, type: m.type, data: m.data }));
  session.on('reconnecting', e => journal.note('reconnecting', plain(e)));
  session.on('reconnected', () => journal.note('reconnected'));
  session.on('failure', e => journal.note('failure', plain(e)));
  session.on('ended', e => journal.note('ended', plain(e)));
  session.on('unpublished', (_, reason) => journal.note('unpublished', { reason }));
}

const join = (url: string, token: string, metadata: string) => attempt(async () => {
  open(url);
  await session.join({ token, metadata });
  return session.local!.id;
});
// The camera is not ready when this begins.
const publish = () => attempt(async () => {
  const publication = session.publish(capture({ audio: true, video: { width: 320, height: 180, frameRate: 10 } }));
  await publication.ready;
  return publication.id;
});
const first = () => [...session.publications][0]!;
const mute = (kind: 'audio' | 'video', active: boolean) => attempt(() => first().setActive(kind, active));
const unpublish = () => attempt(() => first().unpublish());
const send = (text: string, to: string[] = []) => attempt(() => session.send(text, { to }));
const stats = () => attempt(() => session.stats());
const leave = () => attempt(() => session.leave());

async function flow(participant: string) {
  const subscription = [...session.subscriptions.values()].find(s => s.stream.participant.id === participant);
  const video = document.getElementById(`video-${participant}`) as HTMLVideoElement | null;
  return subscription?.pc ? flowOf(subscription.pc, video?.currentTime ?? 0) : null;
}

const core = { journal, join, publish, mute, unpublish, send, stats, leave, flow };
export type PageCore = typeof core;
Object.assign(window, { core, page: core });
