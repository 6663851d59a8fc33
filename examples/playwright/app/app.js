// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A small app on the 100ms web SDK. What it says when something fails is in
// words.js; this file finds out that it did.
import {
  HMSNotificationTypes, HMSReactiveStore, selectIsConnectedToRoom, selectLocalVideoTrackID,
} from '@100mslive/hms-video-store';
import { newToken, wordsFor } from './words.js';

const hms = new HMSReactiveStore();
hms.triggerOnSubscribe();
const store = hms.getStore();
const actions = hms.getActions();

const el = id => document.getElementById(id);
const show = (id, yes) => { el(id).hidden = !yes; };

function banner(text) {
  el('banner').textContent = text;
  show('banner', text !== '');
}

function fail(error) {
  const { title, advice } = wordsFor(error);
  el('title').textContent = title;
  el('advice').textContent = advice;
  banner('');
  show('error', true);
}

let entered = false; // until then join() tells of failures, and a notification does as well

async function join() {
  entered = false;
  show('error', false);
  show('join', false);
  banner('Joining…');
  for (let tries = 1; ; tries++) {
    try {
      const { token, initEndpoint } = await (await fetch('/api/join', { method: 'POST' })).json();
      await actions.join({ userName: 'Ann', authToken: token, initEndpoint });
      return;
    } catch (error) {
      if (newToken(error) && tries < 2) continue;
      fail(error);
      show('join', true);
      return;
    }
  }
}

store.subscribe(connected => {
  show('call', connected);
  show('join', !connected);
  if (connected) {
    entered = true;
    banner('');
  }
}, selectIsConnectedToRoom);

store.subscribe(track => {
  if (track) actions.attachVideo(track, document.querySelector('video'));
}, selectLocalVideoTrackID);

hms.getNotifications().onNotification(({ type, data }) => {
  switch (type) {
    case HMSNotificationTypes.RECONNECTING:
      banner('The connection is lost. Reconnecting…');
      break;
    case HMSNotificationTypes.RECONNECTED:
      banner('');
      break;
    case HMSNotificationTypes.REMOVED_FROM_ROOM:
    case HMSNotificationTypes.ROOM_ENDED: // also for those whom the app's backend removes
      fail({ removed: data.roomEnded ? 'ROOM_ENDED' : 'REMOVED_FROM_ROOM' });
      break;
    case HMSNotificationTypes.ERROR:
      if (data.isTerminal && entered) fail(data);
      break;
  }
});

el('join').onclick = join;
el('leave').onclick = () => actions.leave();
