// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A small OpenTok app that tells its user what failed, by the name of the error.
/* global OT */
const words = {
  OT_AUTHENTICATION_ERROR: 'Your invitation has expired. Ask for a new one.',
  OT_USER_MEDIA_ACCESS_DENIED: 'Allow the camera and the microphone, then join again.',
  OT_PERMISSION_DENIED: 'You may watch, but not be seen.',
  OT_STREAM_CREATE_FAILED: 'The call is full at the moment. Join again in a while.',
  forceDisconnected: 'You were removed from the call.',
};
const other = name => `The call does not work at the moment. If it happens again, tell us: ${name}.`;

const el = id => document.getElementById(id);

function show({ status = '', error = '', call = false }) {
  for (const [id, text] of Object.entries({ banner: status, error })) {
    el(id).textContent = text;
    el(id).hidden = text === '';
  }
  el('call').hidden = !call;
  el('join').hidden = call || status !== '';
}

async function join() {
  show({ status: 'Joining…' });
  const { apiKey, sessionId, token } = await (await fetch('/api/session')).json();
  const session = OT.initSession(apiKey, sessionId);
  session.off();
  session.on({
    sessionReconnecting: () => show({ status: 'The connection is lost. Reconnecting…', call: true }),
    sessionReconnected: () => show({ call: true }),
    sessionDisconnected: ({ reason }) => { if (reason !== 'clientDisconnected') show({ error: words[reason] ?? other(reason) }); },
  });
  const failed = error => {
    session.disconnect();
    show({ error: words[error.name] ?? other(`${error.name} ${error.code}`) });
  };
  session.connect(token, error => {
    if (error) return failed(error);
    session.publish('publisher', { insertMode: 'append', resolution: '320x240' }, error => (error ? failed(error) : show({ call: true })));
  });
}

el('join').addEventListener('click', join);
