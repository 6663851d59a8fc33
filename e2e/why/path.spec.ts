// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Causes on the path of media, from the start of a call.
import { mediaDown, mediaUp, replay, udp, type Stage } from '../lib/replay.ts';

// Every pair has both of the other causes as its worst answers.
const four = ['network.media_blocked', 'media.advertised_address', 'server.media_blocked', 'ice.no_candidates'];
const not = (...right: string[]) => four.filter(c => !right.includes(c));

// failed is her failure of the publishing connection, told by both sides where both could.
const failed = (s: Stage, id: string, both = true) => s.told({ peer_id: id, type: 'client.publish.failed' }, { both });

for (const heldOut of [false, true]) {
  const more = heldOut ? '-both-ways' : '';
  replay(`network-blocks-media${more}`, {
    how: `her network drops all media ${heldOut ? 'both ways' : 'that she sends'}, over UDP and TCP, while two others receive each other`,
    cause: 'network.media_blocked', wrong: not('network.media_blocked'), heldOut,
  }, async s => {
    await s.others();
    await s.line.lose(mediaUp, { down: false });
    if (heldOut) await s.line.lose(mediaDown, { up: false });
    const she = await s.go('alice', s.hers);
    return failed(s, she.id);
  });
}

for (const [name, advertise, heldOut] of [['documentation', '192.0.2.77', false], ['bridge', '172.18.0.2', true]] as const) {
  replay(`address-wrong-${name}`, {
    how: `the server advertises ${advertise}, which is not its own, and her router lets nobody in; two others are in the room whose routers do not`,
    cause: 'media.advertised_address', wrong: not('media.advertised_address'), heldOut,
    settings: { media: { advertise: [advertise], allow_odd_addresses: true } },
  }, async s => {
    await s.others();
    await s.line.firewall();
    const she = await s.go('alice', s.hers);
    return failed(s, she.id);
  });
}

replay('address-wrong-for-all', {
  how: 'the server advertises an address that is not its own, and the routers of both people let nobody in',
  cause: 'media.advertised_address', wrong: not('media.advertised_address'),
  settings: { media: { advertise: ['192.0.2.77'], allow_odd_addresses: true } },
}, async s => {
  await s.x.steady.line.firewall();
  await s.line.firewall();
  const he = await s.go('bob', s.x.steady);
  const she = await s.go('alice', s.hers);
  await failed(s, he.id);
  return failed(s, she.id);
});

for (const [name, match, heldOut] of [['', mediaUp, false], ['-udp-and-tcp-range', `meta l4proto { udp, tcp } th dport 7800-7999`, true]] as const) {
  replay(`firewall-for-all${name}`, {
    how: 'a firewall before the server drops media of everybody; two people on different networks come within seconds',
    cause: 'server.media_blocked', wrong: not('server.media_blocked'), heldOut,
  }, async s => {
    await s.x.steady.line.lose(match, { down: false });
    await s.line.lose(match, { down: false });
    const he = await s.go('bob', s.x.steady);
    const she = await s.go('alice', s.hers);
    await failed(s, he.id);
    return failed(s, she.id);
  });
}

replay('only-names-and-blocked', {
  how: 'her Chromium offers only a .local name, and her network drops all media that she sends, while two others receive each other',
  cause: 'network.media_blocked', wrong: not('network.media_blocked'), browser: true,
}, async s => {
  await s.others();
  await s.line.lose(mediaUp, { down: false });
  const she = await s.t.open(s.room, 'alice', 'host', { world: s.hers });
  await she.startJoin();
  return failed(s, she.id);
});

replay('no-candidates', {
  how: 'her Chromium may send nothing but what goes through a proxy, so it finds no candidates',
  cause: 'ice.no_candidates', wrong: not('ice.no_candidates'), browser: true,
  client: { flags: ['--webrtc-ip-handling-policy=disable_non_proxied_udp'] },
}, async s => {
  await s.others();
  await s.line.lose('tcp dport 7881', { down: false });
  const she = await s.t.open(s.room, 'alice', 'host', { world: s.hers });
  await she.startJoin();
  return failed(s, she.id, false);
});

replay('udp-blocked-chromium-call', {
  how: 'a healthy call in which UDP of hers is blocked and TCP carries it; a control',
  browser: true, heldOut: true,
}, async s => {
  const [other] = await s.others(1);
  await s.line.lose(udp);
  const she = await s.t.join(s.room, 'alice', 'host', { world: s.hers });
  await other.heard('receives', l => l.peer === she.id, { ms: 60_000 });
});
