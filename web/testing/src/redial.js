// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A running server and what tests ask of it, over its REST API.
import { words } from './duration.js';
import { RedialError } from './error.js';
import { inWords, messages } from './events.js';
import { asBackend, mintOpenTok } from './opentok.js';
import { mint } from './token.js';

export const connectRedial = ({ url, initEndpoint = url, managementToken, accessKey, secret, openTok, fetch }) =>
  new Redial({ url, initEndpoint, managementToken, accessKey, secret, openTok, fetch });

// How often the record is read while waiting for an event. News come by the
// stream at once; but a client's account of a failure that the server has told of
// already changes that event, and the stream does not repeat it.
const lookAgain = 1000;
const lookAgainWithoutStream = 200;

export class Redial {
  #process; #fetch;

  constructor({ process, fetch = globalThis.fetch, ...about }) {
    Object.assign(this, about);
    this.url = this.url.replace(/\/$/, '');
    this.#process = process;
    this.#fetch = fetch;
  }

  get log() { return this.#process?.log ?? ''; }

  // send makes a call and returns a reply that is no refusal.
  async #send(method, path, body, { token = this.managementToken, signal, headers: more } = {}) {
    // A connection of its own: one that was kept may be that of a server before.
    const headers = { connection: 'close', ...more };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    let reply;
    try {
      reply = await this.#fetch(this.url + path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch (e) {
      if (signal?.aborted) throw e;
      throw await this.#unreachable(`${method} ${this.url}${path}`, e);
    }
    if (reply.status < 300) return reply;
    const text = await reply.text();
    throw new RedialError(method, path, reply.status, parsed(text) ?? text);
  }

  // unreachable says more of a call that got no answer when the server has died.
  async #unreachable(call, cause) {
    const death = await this.#process?.death();
    const why = cause.cause?.message || cause.cause?.code || cause.message;
    return new Error(`${call}: ${why}${death ? `: the server has ended: ${death}` : ''}`, { cause });
  }

  async request(method, path, body, options) {
    const text = await (await this.#send(method, path, body, options)).text();
    return text === '' ? undefined : parsed(text) ?? text;
  }

  async createRoom(room = {}) { return this.request('POST', '/v2/rooms', room); }

  async roomCode({ room, role = 'guest' }) {
    const { code } = await this.request('POST', `/v2/room-codes/room/${encodeURIComponent(room)}/role/${encodeURIComponent(role)}`);
    return code;
  }

  async token(claims) {
    if (!this.accessKey || !this.secret) throw new Error('a token cannot be minted: accessKey and secret are not known; give them to connectRedial');
    if (!claims?.room) throw new TypeError('token: room is missing: give the id of a room, of another or of none for a token that must not open it');
    const made = mint(this, claims);
    if (claims.revoked) await this.revoke(made);
    return made;
  }

  async revoke(token) { await this.request('POST', '/api/v1/tokens/revoke', { token }); }

  async openTokSession({ room } = {}) {
    const { apiKey } = this.#project();
    const name = room ?? (await this.createRoom()).name;
    const reply = await this.#send('POST', '/session/create', { name, 'p2p.preference': 'disabled' }, {
      token: null, headers: { 'x-opentok-auth': asBackend(this.openTok), accept: 'application/json' },
    });
    const [{ session_id: sessionId }] = await reply.json();
    return { apiKey, sessionId, room: name };
  }

  openTokToken(claims) {
    if (!claims?.session) throw new TypeError('openTokToken: session is missing: give the id of a session');
    return mintOpenTok(this.#project(), claims);
  }

  #project() {
    return this.openTok ?? (() => { throw new Error('no project of OpenTok apps is known: the server was not started here; give openTok to connectRedial'); })();
  }

  async inject(injection) {
    const sent = { ...injection };
    for (const name of ['for', 'after', 'delay', 'skew']) {
      if (sent[name] !== undefined) sent[name] = words(sent[name], name);
    }
    const made = await this.request('POST', '/api/v1/injections', sent);
    const clear = async () => {
      try {
        await this.request('DELETE', `/api/v1/injections/${encodeURIComponent(made.id)}`);
      } catch (e) {
        if (e.fault !== 'injection.not_found') throw e; // it has ended by itself
      }
    };
    return { ...made, clear, [Symbol.asyncDispose]: clear };
  }

  async clearInjections({ room } = {}) {
    const { removed } = await this.request('DELETE', `/api/v1/injections${room ? `?${new URLSearchParams({ room })}` : ''}`);
    return removed;
  }

  async events(filter = {}, { signal } = {}) {
    const query = asQuery({ limit: 100, ...filter });
    const found = [];
    for (;;) {
      const page = await this.request('GET', `/v2/analytics/events?${query}`, undefined, { signal });
      found.push(...page.events);
      if (!page.next || found.length >= (filter.limit ?? Infinity)) return found;
      query.set('start', page.next);
    }
  }

  async waitForEvent(filter = {}, { match = () => true, timeout = 30_000 } = {}) {
    const over = new AbortController();
    let timer;
    const late = new Promise(resolve => { timer = setTimeout(resolve, timeout); });
    let seen = [];
    const look = async () => {
      seen = await this.events(filter, { signal: over.signal });
      return seen.find(match);
    };
    try {
      const found = await Promise.race([this.#await(filter, match, look, over.signal), late]);
      if (found) return found;
    } finally {
      clearTimeout(timer);
      over.abort();
    }
    const about = Object.fromEntries(Object.entries(filter).filter(([name]) => ['room_id', 'peer_id', 'user_id', 'user_id_proof', 'since'].includes(name)));
    const others = seen.length > 0 ? seen : await this.events(about);
    throw new Error(`no event matched ${asQuery(filter)} within ${timeout} ms. On record${others.length === 0
      ? ` is nothing for "${asQuery(about)}"` : others.map(e => `\n  ${inWords(e)}`).join('')}`);
  }

  // await listens before it looks at the record, so that nothing falls in between.
  async #await(filter, match, look, signal) {
    const reply = await this.#send('GET', `/api/v1/events/stream?${asQuery(filter)}`, undefined, { signal });
    // A fetch of the test's own may know no streams.
    const listening = reply.body ? this.#news(reply.body, match, signal) : new Promise(() => {});
    listening.catch(() => {}); // it is waited for below, unless something was found before
    for (;;) {
      const found = await look();
      if (found || signal.aborted) return found;
      const pause = pausing(reply.body ? lookAgain : lookAgainWithoutStream);
      const came = await Promise.race([listening, pause.over]);
      pause.cancel();
      if (came || signal.aborted) return came;
    }
  }

  async #news(body, match, signal) {
    const stream = messages(body);
    for (;;) {
      let next;
      try {
        next = await stream.next();
        if (next.done) throw new Error('the stream has ended');
      } catch (e) {
        if (signal.aborted) return undefined;
        throw await this.#unreachable('following events', e);
      }
      if (match(next.value)) return next.value;
    }
  }

  #own() {
    if (!this.#process) throw new Error('the server was not started here, so it cannot be stopped or started here');
    return this.#process;
  }

  async kill() { await this.#own().kill(); }

  async restart() {
    await this.#own().stop();
    Object.assign(this, told(await this.#process.start()));
  }

  async shutdown() { await this.#own().stop(); }

  async stop() { await this.#process?.remove(); }

  async [Symbol.asyncDispose]() { await this.stop(); }
}

// told is what a server says when it is ready, in our words.
export function told(ready) {
  return {
    url: ready.http, initEndpoint: ready.init, managementToken: ready.management_token,
    accessKey: ready.access_key, secret: ready.secret, rooms: ready.rooms, openVidu: ready.openvidu, sceenic: ready.sceenic,
    openTok: ready.opentok && {
      url: ready.opentok.url, apiKey: ready.opentok.api_key, apiSecret: ready.opentok.api_secret, script: ready.opentok.script,
      sessionId: ready.opentok.session_id, token: ready.opentok.token,
    },
  };
}

function pausing(ms) {
  let cancel;
  const over = new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    cancel = () => { clearTimeout(timer); resolve(); };
  });
  return { over, cancel };
}

function asQuery(filter) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    for (const one of [value].flat()) {
      if (one !== undefined) query.append(name, one instanceof Date ? one.toISOString() : String(one));
    }
  }
  return query;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
