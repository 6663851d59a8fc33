// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The 100ms prebuilt room, unmodified, used as people use it. docs/testing.md lists
// the checks.
import { assert, poll } from '../lib/check.ts';
import { Checks, Guest } from '../lib/prebuilt.ts';
import { scenario, test } from '../lib/scenario.ts';

test.describe('prebuilt', () => {
  scenario('prebuilt-call', { ms: 180_000 }, async t => {
    const room = await t.room();
    const { see, compare } = bound();
    let bob: Guest;
    const ann = await Guest.open(t, room, 'ann', 'host');

    await see('the preview shows the camera and the name', async () => {
      await ann.moves(ann.page.locator('body'));
      await ann.shows(ann.text('You are the first to join'));
      assert.equal(await ann.field('Enter name').inputValue(), 'ann');
    });
    await see('a room code opens the room', () => ann.enter());
    await see('the preview tells how many are inside', async () => {
      bob = await Guest.open(t, room, 'bob', 'guest');
      await bob.shows(bob.text('1 other in the session'), 30_000);
      await bob.enter();
    });
    await see('video both ways', async () => { await Promise.all([ann.sees('bob'), bob.sees('ann')]); });
    await see('audio both ways', async () => { await Promise.all([ann.hears(), bob.hears()]); });
    await see('a microphone that is off', async () => {
      await bob.click('audio_toggle_btn');
      await ann.shows(ann.tile('bob').getByTestId('participant_audio_mute_icon'));
      await bob.click('audio_toggle_btn');
      await ann.lacks(ann.tile('bob').getByTestId('participant_audio_mute_icon'));
    });
    await see('a camera that is off and on again', async () => {
      await bob.click('video_toggle_btn');
      await ann.shows(ann.tile('bob').getByTestId('participant_avatar_icon'));
      await bob.click('video_toggle_btn');
      await ann.sees('bob');
    });
    await see('chat', async () => {
      for (const guest of [ann, bob]) await guest.click('chat_btn');
      await bob.field('Send a message').fill('hello all');
      await bob.click('send_msg_btn');
      await ann.shows(ann.id('chat_msg').filter({ hasText: 'hello all' }));
    });
    await see('a pinned message', async () => {
      await ann.id('chat_msg').first().hover();
      await ann.id('pin_message_btn').first().click();
      await bob.shows(bob.text('Pinned by ann'));
    });
    await see('a message to one person', async () => {
      await ann.click('participant_list_filter');
      await ann.page.getByRole('menuitem', { name: 'bob' }).click();
      await ann.field('Send a message').fill('only for you');
      await ann.click('send_msg_btn');
      await bob.shows(bob.id('chat_msg').filter({ hasText: /to you.*\(DM\)[^]*only for you/i }));
      for (const guest of [ann, bob]) await guest.click('chat_btn');
    });
    await see('a hand raised and lowered', async () => {
      const hand = ann.tile('bob').getByTestId('raiseHand_icon_onTile');
      await bob.click('hand_raise_btn');
      await ann.shows(hand);
      await bob.click('hand_raise_btn');
      await ann.lacks(hand);
    });
    await see('be right back', async () => {
      await bob.click('more_settings_btn');
      await bob.click('brb_btn');
      await ann.shows(ann.tile('bob').getByTestId('brb_icon_onTile'));
    });
    await see('a screen shown', async () => {
      await ann.id('sharing_btn').locator('xpath=preceding::button[1]').click();
      await bob.moves(bob.id('screenshare_tile'));
    });
    await see('a screen no longer shown', async () => {
      await ann.click('stop_screen_share_btn');
      await bob.lacks(bob.id('screenshare_tile'));
    });
    await see('a host mutes somebody', async () => {
      await ann.ask('bob', 'mute_audio_participant_btn');
      await ann.shows(ann.tile('bob').getByTestId('participant_audio_mute_icon'));
    });
    await see('a host asks somebody to speak, who accepts', async () => {
      await ann.ask('bob', 'unmute_audio_participant_btn');
      await bob.shows(bob.text('ann is requesting you to unmute your audio.'));
      await bob.press('Accept');
      await ann.lacks(ann.tile('bob').getByTestId('participant_audio_mute_icon'));
    });
    await see('the socket drops and comes back', async () => {
      await bob.page.evaluate(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
      await bob.shows(bob.text('You are offline for now'));
      await bob.shows(bob.text('You are now connected'));
      await Promise.all([ann.sees('bob'), bob.sees('ann')]);
    });
    await see('another role', async () => {
      await ann.ask('bob', 'change_role_btn');
      await ann.click('open_role_selection_dropdown');
      await ann.page.getByRole('menuitem', { name: 'viewer' }).click();
      await ann.click('change_button');
      await bob.shows(bob.text('You are now a viewer'));
      await ann.lacks(ann.tile('bob'));
      await bob.sees('ann');
    });
    await see('somebody leaves', async () => {
      await bob.click('leave_room_btn');
      await bob.click('leave_room');
      await bob.shows(bob.text('You left the room'));
      await ann.shows(ann.text("You're the only one here"));
    });
    await see('and comes back by a button', async () => {
      await bob.click('join_again_btn');
      await bob.enter();
      await ann.sees('bob');
    });
    await see('a host removes somebody', async () => {
      await ann.ask('bob', 'remove_participant_btn');
      await bob.shows(bob.text('You left the room'));
      await ann.lacks(ann.tile('bob'));
    });
    await see('a host ends the call for all', async () => {
      await bob.click('join_again_btn');
      await bob.enter();
      await ann.click('leave_end_dropdown_trigger');
      await ann.click('end_room_btn');
      await ann.page.getByRole('dialog').getByRole('button', { name: 'End Session' }).click();
      for (const guest of [ann, bob]) await guest.shows(guest.text('You left the room'));
    });
    compare('prebuilt-call');
  });

  scenario('prebuilt-polls', { ms: 120_000, long: true }, async t => {
    const room = await t.room();
    const { see, compare } = bound();
    const ann = await Guest.join(t, room, 'ann', 'host');
    const bob = await Guest.join(t, room, 'bob', 'guest');

    // create makes a poll or quiz of one question.
    const create = async (kind: 'Poll' | 'Quiz', name: string, question: string, options: string[]) => {
      await ann.page.getByText(kind, { exact: true }).last().click();
      await ann.field('Enter a name to continue').fill(name);
      await ann.press(`Create ${kind}`);
      await ann.field('Ask a question').fill(question);
      for (const [i, option] of options.entries()) await ann.field(`Option ${i + 1}`).fill(option);
      if (kind === 'Quiz') await ann.page.getByRole('radio').first().click(); // the right answer
      await ann.press('Save');
      await ann.press(`Launch ${kind.toLowerCase()}`);
    };
    await see('a poll is made and begun, and others are told', async () => {
      await ann.click('polls_btn');
      await create('Poll', 'Lunch', 'Soup or salad?', ['soup', 'salad']);
      await bob.shows(bob.text('ann started a poll: Lunch'));
    });
    await see('a vote', async () => {
      await bob.press('Vote');
      await bob.page.getByLabel('soup').click();
      await bob.press('Vote');
      await bob.shows(bob.text('1 vote'));
    });
    await see('its results, at the end and for all', async () => {
      assert.equal(await ann.text('1 vote').count(), 0, 'a host who has not voted sees no results before the end');
      await ann.press('End poll');
      for (const guest of [ann, bob]) {
        await guest.shows(guest.text('ENDED'));
        await guest.shows(guest.text('1 vote'));
      }
    });
    await see('a quiz is answered', async () => {
      for (let i = 0; i < 2; i++) await ann.click('polls_btn'); // back to the list
      await create('Quiz', 'Sums', '1 + 1?', ['two', 'three']);
      await bob.shows(bob.text('ann started a quiz: Sums'));
      await bob.press(/^(Answer|Vote)$/);
      await bob.page.getByLabel('two').click();
      await bob.press('Answer');
      await bob.shows(bob.text('Answered'));
    });
    await see('its points and ranks', async () => {
      await ann.press('End quiz');
      await bob.shows(bob.text('Your rank'));
      const said = () => bob.page.locator('body').innerText();
      await poll('the points of a right answer', async () => /YOUR RANK\s+1\s+POINTS\s+10\s[^]*CORRECT ANSWERS\s+1\/1/.test(await said()), { detail: () => 'see the log' });
      await ann.press('View Leaderboard');
      await ann.shows(ann.text(/10\/10|10 points|bob/));
    });
    for (const guest of [ann, bob]) assert.equal(await guest.crashed(), false);
    compare('prebuilt-polls');
  });

  scenario('prebuilt-firefox', { ms: 120_000, long: true }, async t => {
    const room = await t.room();
    const { see, compare } = bound();
    const fay = await Guest.open(t, room, 'fay', 'host', { browser: 'firefox' });
    await see('the preview shows the camera', () => fay.moves(fay.page.locator('body')));
    await fay.enter();
    const carl = await Guest.join(t, room, 'carl', 'guest');
    await see('video both ways with Chromium', async () => { await Promise.all([fay.sees('carl'), carl.sees('fay')]); });
    await see('audio both ways', async () => { await Promise.all([fay.hears(), carl.hears()]); });
    await see('chat', async () => {
      for (const guest of [fay, carl]) await guest.click('chat_btn');
      await fay.field('Send a message').fill('hello from Firefox');
      await fay.click('send_msg_btn');
      await carl.shows(carl.id('chat_msg').filter({ hasText: 'hello from Firefox' }));
    });
    await see('somebody leaves', async () => {
      await fay.click('leave_room_btn');
      await fay.click('leave_room');
      await fay.shows(fay.text('You left the room'));
      await carl.shows(carl.text("You're the only one here"));
    });
    compare('prebuilt-firefox');
  });

  scenario('prebuilt-refused', { ms: 120_000, long: true }, async t => {
    const { rest } = await t.world();
    const { see, compare } = bound();
    const template = await t.template(made => { made.roles.guest.maxPeerCount = 1; });
    const room = await t.room({ template });
    const { code } = await rest.post(`/v2/room-codes/room/${room.id}/role/guest`);

    await see('a code that nobody gave out', async () => {
      const eve = await Guest.open(t, room, 'eve', 'guest', { code: 'abc-defg-hij' });
      await eve.shows(eve.text('Room code does not exist'), 30_000);
    });
    await see('a camera that is denied', async () => {
      const dora = await Guest.open(t, room, 'dora', 'guest', { browser: 'no-permission' });
      await dora.shows(dora.text(/camera and microphone/i), 30_000);
    });
    const fred = await Guest.join(t, room, 'fred', 'guest');
    await see('a full role', async () => {
      const late = await Guest.open(t, room, 'late', 'guest', { code });
      await late.shows(late.text('All seats of this role are taken'), 30_000);
    });
    await see('a call that the office ends', async () => {
      await rest.post(`/v2/active-rooms/${room.id}/end-room`, { lock: true, reason: 'closed by the office' });
      await fred.shows(fred.text('Reason: closed by the office'));
      await fred.shows(fred.text('You left the room'));
    });
    await see('a locked room', async () => {
      const late = await Guest.open(t, room, 'later', 'guest', { code });
      await late.shows(late.text('This room is currently inactive'), 30_000);
    });
    await see('a room that is switched off', async () => {
      const off = await t.room();
      const { code } = await rest.post(`/v2/room-codes/room/${off.id}/role/guest`);
      await rest.post(`/v2/rooms/${off.id}`, { enabled: false });
      const nina = await Guest.open(t, off, 'nina', 'guest', { code });
      await nina.shows(nina.text('This room is currently inactive'), 30_000);
    });
    compare('prebuilt-refused');
  });
});

// bound are the functions of a new list of checks.
function bound() {
  const checks = new Checks();
  return { see: checks.see.bind(checks), compare: checks.compare.bind(checks) };
}
