// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Quizzes and polls beyond the plain one: scores, clocks, and who may see what.
import { assert, sleep } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

const poll = (tab: Tab, id: string) => tab.eval((id: string) => window.tab.copy(window.tab.state().polls[id], 6), id);

test.describe('polls', () => {
  scenario('quiz', { ms: 90_000 }, async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    const carol = await t.join(room, 'carol', 'viewer');
    await alice.knows(carol);

    // Created and started in one go, as the SDK allows; it stops by itself.
    await alice.act('interactivityCenter.startPoll', {
      id: 'capitals', title: 'Capitals', type: 'quiz', duration: 10,
      questions: [
        { text: 'Of France?', type: 'single-choice', weight: 10, options: [{ text: 'Paris', isCorrectAnswer: true }, { text: 'Lyon' }] },
        {
          text: 'Of South Africa?', type: 'multiple-choice', weight: 20, answer: { hidden: true },
          options: [{ text: 'Pretoria', isCorrectAnswer: true }, { text: 'Cape Town', isCorrectAnswer: true }, { text: 'Durban' }],
        },
        { text: 'Of Italy?', type: 'short-answer', weight: 5, answer: { hidden: false, text: 'Rome', trim: true } },
      ],
    });
    const began = Date.now();
    for (const tab of [alice, bob, carol]) await tab.noticed('POLL_STARTED', p => p.id === 'capitals');
    const seen = await poll(bob, 'capitals');
    assert.equal(seen.state, 'started');
    assert.equal(seen.mode, 'customerID');
    assert.deepEqual(seen.questions.map((q: any) => q.options?.length ?? 0), [2, 3, 0]);
    assert.equal(seen.questions[0].answer.option, 1, 'an answer that is not hidden');
    assert.deepEqual(seen.questions[1].answer, { hidden: true }, 'a hidden answer');

    await sleep(1000); // nobody is believed to have thought longer than the quiz has run
    const answer = (tab: Tab, ...responses: unknown[]) => tab.act('interactivityCenter.addResponsesToPoll', 'capitals', responses);
    await answer(bob, { questionIndex: 1, option: 1, duration: 900 }, { questionIndex: 2, options: [2, 1], duration: 800 }, { questionIndex: 3, text: ' rome', duration: 700 });
    await answer(carol, { questionIndex: 1, option: 1, duration: 10 }, { questionIndex: 2, options: [1, 2, 3], duration: 10 }, { questionIndex: 3, skipped: true });
    const again = await bob.attempt('interactivityCenter.addResponsesToPoll', 'capitals', [{ questionIndex: 1, option: 2 }]);
    assert.equal(again.ok, false, 'answered already');
    assert.equal(again.error.code, 400);
    const early = await alice.act('interactivityCenter.fetchLeaderboard', 'capitals', 0, 10);
    assert.deepEqual(early.entries, [], 'no leaderboard before the end');
    await alice.until('both are counted', () => tab.state().polls.capitals.result?.totalUsers === 2);
    const counted = await poll(alice, 'capitals');
    assert.deepEqual(counted.questions[0].options.map((o: any) => o.voteCount), [2, 0]);
    assert.deepEqual(counted.questions[1].options.map((o: any) => o.voteCount), [2, 2, 1]);
    assert.equal(counted.questions[0].result.correctResponses, 2);
    assert.equal(counted.questions[1].result.correctResponses, undefined, 'kept back as the answer is hidden');
    assert.equal(counted.questions[2].result.skippedCount, 1);

    for (const tab of [alice, bob, carol]) await tab.noticed('POLL_STOPPED', p => p.id === 'capitals', { ms: 20_000 });
    assert.ok(Date.now() - began >= 9500, 'the quiz ran its time');
    await alice.until('the right answers are counted', () => tab.state().polls.capitals.questions[1].result.correctResponses === 1);
    const board = await bob.act('interactivityCenter.fetchLeaderboard', 'capitals', 0, 10);
    assert.deepEqual(board.entries.map((e: any) => [e.position, e.peer.username, e.score, e.correctResponses, e.duration]),
      [[1, 'bob', 35, 3, 2400], [2, 'carol', 10, 1, 20]]);
    assert.equal(board.hasNext, false);
    assert.deepEqual(board.summary, { avgScore: 22.5, avgTime: 1210, votedUsers: 2, totalUsers: 3, correctUsers: 1 });
    const page = await bob.act('interactivityCenter.fetchLeaderboard', 'capitals', 0, 1);
    assert.deepEqual([page.entries.length, page.hasNext], [1, true]);
  });

  scenario('poll-visibility', { ms: 90_000 }, async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    const carol = await t.join(room, 'carol', 'viewer');
    await alice.knows(carol);

    const denied = await bob.attempt('interactivityCenter.createPoll', { id: 'mine', title: 'Mine', type: 'poll' });
    assert.equal(denied.error?.code, 403, 'guests may not write polls');
    // An anonymous poll for guests that only hosts may look into.
    await alice.act('interactivityCenter.createPoll', {
      id: 'mood', title: 'Mood', type: 'poll', anonymous: true, rolesThatCanVote: ['guest'], rolesThatCanViewResponses: ['host'],
      questions: [{ text: 'How are you?', type: 'single-choice', options: [{ text: 'well' }, { text: 'so-so' }] }],
    });
    // A draft is edited as long as it is one.
    await alice.act('interactivityCenter.addQuestionsToPoll', 'mood', [
      { text: 'How are you today?', type: 'single-choice', options: [{ text: 'well' }, { text: 'so-so' }, { text: 'badly' }] },
    ]);
    assert.deepEqual((await alice.act('interactivityCenter.getPolls')).map((p: any) => [p.id, p.state]), [['mood', 'created']]);
    assert.deepEqual(await bob.act('interactivityCenter.getPolls'), [], 'a draft is no business of guests');
    await alice.act('interactivityCenter.startPoll', 'mood');
    await bob.noticed('POLL_STARTED', p => p.id === 'mood');
    assert.deepEqual((await poll(bob, 'mood')).questions.map((q: any) => [q.text, q.options.length]), [['How are you today?', 3]]);

    await bob.act('interactivityCenter.addResponsesToPoll', 'mood', [{ questionIndex: 1, option: 3 }]);
    await alice.noticed('POLL_VOTES_UPDATED', p => p.id === 'mood');
    await alice.eval(() => tab.actions.interactivityCenter.getPollResponses(tab.state().polls.mood, false));
    const [answer] = (await poll(alice, 'mood')).questions[0].responses;
    assert.equal(answer.option, 3);
    assert.match(answer.peer.userHash, /^[0-9a-f]{32}$/);
    assert.deepEqual([answer.peer.peerid, answer.peer.userid, answer.peer.username], [undefined, undefined, undefined], 'nobody knows who');
    const peek = await bob.eval(() => tab.attempt(() => tab.actions.interactivityCenter.getPollResponses(tab.state().polls.mood, false)));
    assert.equal(peek.error?.code, 403, 'guests may not see the answers');
    await bob.eval(() => tab.actions.interactivityCenter.getPollResponses(tab.state().polls.mood, true));
    assert.equal((await poll(bob, 'mood')).questions[0].responses[0].peer.peerid, bob.id, "one's own answer is known");

    await alice.act('interactivityCenter.stopPoll', 'mood');
    const { data: stopped } = await bob.noticed('POLL_STOPPED', p => p.id === 'mood');
    assert.equal(stopped.stoppedBy, alice.id);
    await sleep(300);
    assert.deepEqual(await carol.notices('POLL_STARTED', 'POLL_VOTES_UPDATED', 'POLL_STOPPED'), [], 'viewers never heard of it');
    assert.deepEqual(await bob.notices('POLL_VOTES_UPDATED').then(all => all.filter(n => n.data.result?.totalResponses)), [], 'guests were not told counts');
  });
});
