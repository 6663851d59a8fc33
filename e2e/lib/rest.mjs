// The server's REST API as a customer's backend would use it: the package that
// apps test with, and what only scenarios want.
import { connectRedial } from '../../web/testing/src/index.js';
import { patience } from './check.mjs';

// through makes calls from where the site is. It cannot carry a stream, so the
// record is read again and again while somebody waits for an event.
const through = site => async (url, { method, headers, body }) => {
  if (new URL(url).pathname === '/api/v1/events/stream') return { status: 200, body: null };
  const answer = await site.fetch(url, { method, headers, body });
  return { status: answer.status, text: async () => answer.body };
};

export class REST {
  #fetch;

  // Without a site, calls are made from here, which must be in the server's network.
  constructor(site, server) {
    this.server = server;
    this.#fetch = site ? through(site) : undefined;
  }

  // A restarted server has another token.
  get #redial() {
    const { url, managementToken } = this.server;
    return connectRedial({ url, managementToken, fetch: this.#fetch });
  }

  call(method, path, body, options) { return this.#redial.request(method, path, body, options); }
  get(path, options) { return this.call('GET', path, undefined, options); }
  post(path, body = {}, options) { return this.call('POST', path, body, options); }

  // token exchanges a room code for a join token, as an app's page does.
  async token(roomId, role, userId) {
    const { data } = await this.post(`/v2/room-codes/room/${roomId}`);
    const code = data.find(c => c.role === role);
    if (!code) throw new Error(`room ${roomId} has no code for role ${role}: ${JSON.stringify(data)}`);
    const { token } = await this.post('/v2/token', { code: code.code, user_id: userId }, { token: null });
    return token;
  }

  // events reads recorded events back.
  events(filters) { return this.#redial.events(filters); }

  // event waits for a recorded event that matches and returns it.
  event(filters, match, ms = 10_000) { return this.#redial.waitForEvent(filters, { match, timeout: ms * patience() }); }
}
