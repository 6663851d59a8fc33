// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What people in a room say, show and vote, beyond sound and pictures.
import { assert, sleep } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

const messages = (tab: Tab) => tab.eval(() => window.tab.copy(Object.values(window.tab.state().messages.byID)));

test.describe('room', () => {
  scenario('chat', async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    const carol = await t.join(room, 'carol', 'viewer');
    await alice.knows(carol);
    await bob.knows(carol);

    await alice.act('sendBroadcastMessage', 'hello all', 'greeting');
    for (const other of [bob, carol]) {
      const { data } = await other.noticed('NEW_MESSAGE', m => m.message === 'hello all');
      assert.equal(data.type, 'greeting');
      assert.equal(data.sender, alice.id);
      assert.equal(data.senderName, 'alice');
      assert.ok(!data.recipientPeer);
    }
    await carol.act('sendGroupMessage', 'for hosts', ['host']);
    const { data: group } = await alice.noticed('NEW_MESSAGE', m => m.message === 'for hosts');
    assert.deepEqual(group.recipientRoles, ['host']);
    await bob.act('sendDirectMessage', 'between us', alice.id);
    const { data: direct } = await alice.noticed('NEW_MESSAGE', m => m.message === 'between us');
    assert.equal(direct.recipientPeer, alice.id);

    await sleep(500);
    assert.deepEqual((await messages(carol)).map((m: any) => m.message).sort(), ['for hosts', 'hello all'], 'carol has no message of others');
    assert.deepEqual((await messages(bob)).map((m: any) => m.message).sort(), ['between us', 'hello all']);
    // The sender has one copy of its own, with the server's id and time.
    const mine = (await messages(alice)).filter((m: any) => m.message === 'hello all');
    assert.equal(mine.length, 1);
    assert.match(mine[0].id, /\S/);
    assert.ok(Math.abs(Date.parse(mine[0].time) - Date.now()) < 60_000, `time of the message: ${mine[0].time}`);

    const long = await alice.attempt('sendBroadcastMessage', 'x'.repeat(200_000));
    assert.equal(long.ok, false, 'a message of 200 kB is refused');
    await alice.act('sendBroadcastMessage', 'still here');
    await bob.noticed('NEW_MESSAGE', m => m.message === 'still here');
  });

  scenario('hand', async t => {
    const { alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.knows(bob);
    await bob.act('raiseLocalPeerHand');
    await alice.noticed('HAND_RAISE_CHANGED', p => p.id === bob.id && p.isHandRaised);
    await bob.until('my own hand is up', id => tab.state().peers[id].isHandRaised, bob.id);
    await alice.act('lowerRemotePeerHand', bob.id);
    await bob.until('my hand is down', id => !tab.state().peers[id].isHandRaised, bob.id);
    await alice.until("bob's hand is down", id => !tab.state().peers[id].isHandRaised, bob.id);
    await alice.act('raiseRemotePeerHand', bob.id);
    await bob.until('my hand is up again', id => tab.state().peers[id].isHandRaised, bob.id);
    // Someone who comes later sees the hand too.
    const carol = await t.join(bob.room, 'carol', 'viewer');
    await carol.until("bob's hand is up", id => tab.state().peers[id]?.isHandRaised, bob.id);
  });

  scenario('metadata', async t => {
    const room = await t.room();
    const alice = await t.join(room, 'alice', 'host', { config: { metaData: JSON.stringify({ colour: 'red' }) } });
    const bob = await t.join(room, 'bob', 'guest');
    await bob.knows(alice);
    assert.equal((await bob.peer(alice.id)).metadata, '{"colour":"red"}');
    await alice.act('changeName', 'Alice the Second');
    await bob.noticed('NAME_UPDATED', p => p.id === alice.id && p.name === 'Alice the Second');
    await alice.act('changeMetadata', { colour: 'blue' });
    await bob.noticed('METADATA_UPDATED', p => p.id === alice.id);
    assert.equal((await bob.peer(alice.id)).metadata, '{"colour":"blue"}');
    assert.equal((await bob.peer(alice.id)).name, 'Alice the Second');
    assert.equal((await bob.peer(alice.id)).customerUserId, 'user-alice');
  });

  scenario('session-store', async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    const value = (tab: Tab, key: any) => tab.eval((k: any) => window.tab.copy(window.tab.state().sessionStore[k]), key);
    await bob.act('sessionStore.observe', ['slide', 'mood']);
    await alice.act('sessionStore.set', 'slide', { page: 3 });
    await bob.until('slide 3', () => tab.state().sessionStore.slide?.page === 3);
    assert.deepEqual(await value(alice, 'slide'), { page: 3 });
    // Unobserved keys stay away.
    await alice.act('sessionStore.set', 'secret', 1);
    await alice.act('sessionStore.set', 'mood', 'good');
    await bob.until('the mood', () => tab.state().sessionStore.mood === 'good');
    assert.equal(await value(bob, 'secret'), undefined);
    // A late comer gets the state there is.
    const carol = await t.join(room, 'carol', 'viewer');
    await carol.act('sessionStore.observe', ['slide']);
    await carol.until('slide 3', () => tab.state().sessionStore.slide?.page === 3);
    await bob.act('sessionStore.unobserve', ['slide']);
    await alice.act('sessionStore.set', 'slide', { page: 4 });
    await carol.until('slide 4', () => tab.state().sessionStore.slide?.page === 4);
    assert.deepEqual(await value(bob, 'slide'), { page: 3 }, 'no longer observed');
  });

  scenario('peer-lists', { ms: 90_000 }, async t => {
    const room = await t.room();
    const alice = await t.join(room, 'alice', 'host');
    const quiet = { config: { settings: { isAudioMuted: true, isVideoMuted: true } } };
    const bob = await t.join(room, 'bob', 'viewer', quiet);
    const bill = await t.join(room, 'bill', 'viewer', quiet);
    const carol = await t.join(room, 'carol', 'guest', quiet);
    await alice.knows(carol);

    const iterate = (options: any) => alice.eval(async o => {
      const it = tab.actions.getPeerListIterator(o);
      const pages = [];
      while (it.hasNext() && pages.length < 10) pages.push((await it.next()).map((p: any) => p.name));
      return { pages, total: it.getTotal() };
    }, options);
    const viewers = await iterate({ role: 'viewer', limit: 1 });
    assert.deepEqual(viewers.pages.flat().sort(), ['bill', 'bob']);
    assert.equal(viewers.total, 2);
    assert.ok(viewers.pages.length >= 2, 'one peer per page');
    await carol.act('raiseLocalPeerHand');
    assert.deepEqual((await iterate({ group: '_handraise' })).pages.flat(), ['carol']);
    assert.deepEqual((await iterate({ peerIds: [bill.id] })).pages.flat(), ['bill']);

    const found = await alice.act('findPeerByName', { query: 'B', limit: 10, offset: 0 });
    assert.deepEqual(found.peers.map((p: any) => p.name).sort(), ['bill', 'bob']);
    assert.equal((await alice.act('getPeer', bob.id)).name, 'bob');
    assert.equal((await alice.attempt('getPeer', '00000000-0000-4000-8000-000000000000')).value, undefined);
  });

  scenario('polls', { ms: 90_000 }, async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.act('interactivityCenter.createPoll', {
      id: 'lunch', title: 'Lunch', type: 'quiz', duration: 0, anonymous: false, mode: 'userName',
      rolesThatCanVote: ['guest'], rolesThatCanViewResponses: ['host'],
      questions: [
        { text: 'Soup or salad?', type: 'single-choice', options: [{ text: 'soup', isCorrectAnswer: true }, { text: 'salad' }], weight: 10 },
        { text: 'Which fruit?', type: 'multiple-choice', options: [{ text: 'apple', isCorrectAnswer: true }, { text: 'pear', isCorrectAnswer: true }, { text: 'stone' }], weight: 10 },
        { text: 'Anything else?', type: 'long-answer' },
      ],
    });
    await alice.noticed('POLL_CREATED', p => p.id === 'lunch');
    await alice.act('interactivityCenter.startPoll', 'lunch');
    const { data: started } = await bob.noticed('POLL_STARTED', p => p.id === 'lunch');
    assert.equal(started.title, 'Lunch');
    await bob.until('the questions are there', () => tab.state().polls.lunch?.questions?.length === 3);

    await bob.act('interactivityCenter.addResponsesToPoll', 'lunch', [
      { questionIndex: 1, option: 1 },
      { questionIndex: 2, options: [1, 2] },
      { questionIndex: 3, text: 'Coffee, please' },
    ]);
    await alice.noticed('POLL_VOTES_UPDATED', p => p.id === 'lunch');
    const count = (index: number) => alice.until(`a vote on question ${index}`, i => tab.copy(tab.state().polls.lunch.questions[i - 1].result), index);
    assert.equal((await count(1)).totalResponses ?? 1, 1);
    await alice.eval(() => tab.actions.interactivityCenter.getPollResponses(tab.state().polls.lunch, false));
    await alice.until("bob's answer", () => tab.state().polls.lunch.questions[2].responses?.some((r: any) => r.text === 'Coffee, please' && r.peer.username === 'bob'));

    // One who may not vote is refused, and the call goes on.
    const forbidden = await alice.attempt('interactivityCenter.addResponsesToPoll', 'lunch', [{ questionIndex: 1, option: 2 }]);
    assert.equal(forbidden.ok, false, 'hosts may not vote here');

    await alice.act('interactivityCenter.stopPoll', 'lunch');
    await bob.noticed('POLL_STOPPED', p => p.id === 'lunch');
    await alice.until('the poll is stopped', () => tab.state().polls.lunch.state === 'stopped');
    const board = await alice.act('interactivityCenter.fetchLeaderboard', 'lunch', 0, 10);
    assert.equal(board.entries.length, 1, JSON.stringify(board));
    assert.equal(board.entries[0].peer.username, 'bob');
    assert.equal(board.entries[0].score, 20);
    assert.equal(board.entries[0].position, 1);
    const late = await bob.attempt('interactivityCenter.addResponsesToPoll', 'lunch', [{ questionIndex: 1, option: 2 }]);
    assert.equal(late.ok, false, 'a stopped poll takes no votes');
    // Listed for one who comes later.
    const carol = await t.join(room, 'carol', 'host');
    const polls = await carol.act('interactivityCenter.getPolls');
    assert.deepEqual(polls.map((p: any) => [p.id, p.state]), [['lunch', 'stopped']]);
  });

  scenario('refused-features', async t => {
    const { alice, bob } = await t.call();
    const refusals = {
      startHLSStreaming: [{ variants: [{ meetingURL: 'https://example.org' }] }],
      startRTMPOrRecording: [{ meetingURL: 'https://example.org', record: true }],
      startTranscription: [{ mode: 'caption' }],
    };
    for (const [action, args] of Object.entries(refusals)) {
      const outcome = await alice.attempt(action, ...args);
      assert.equal(outcome.ok, false, `${action} is refused`);
      assert.equal(outcome.error.code, 400, `${action}: ${JSON.stringify(outcome.error)}`);
      assert.match(outcome.error.message + outcome.error.description, /not (part|supported)|unsupported/i, `${action} says why`);
    }
    // The SDK shows no whiteboard unless the server offers one.
    assert.equal(await alice.eval(() => tab.actions.interactivityCenter.whiteboard.isEnabled), false);
    await bob.sees(alice);
    assert.deepEqual(await alice.notices('RECONNECTING'), []);
  });
});
