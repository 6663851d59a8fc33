// The server's REST API as a customer's backend would use it.
import { poll } from './check.mjs';

export class RESTError extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path}: ${status} ${typeof body === 'string' ? body : JSON.stringify(body)}`);
    Object.assign(this, { status, body });
  }
}

export class REST {
  constructor(site, server) {
    Object.assign(this, { site, server });
  }

  async call(method, path, body, { token = this.server.managementToken } = {}) {
    const headers = { 'Content-Type': 'application/json' };
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await this.site.fetch(this.server.url + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    let parsed = answer.body;
    try {
      parsed = JSON.parse(answer.body);
    } catch {
      // Not JSON: keep the text, it belongs in the failure message.
    }
    if (answer.status >= 300) throw new RESTError(method, path, answer.status, parsed);
    return parsed;
  }

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

  // events reads recorded events back, newest page only.
  async events(filters) {
    const query = new URLSearchParams({ limit: '100' });
    for (const [key, value] of Object.entries(filters)) {
      for (const one of [value].flat()) query.append(key, String(one));
    }
    return (await this.get(`/v2/analytics/events?${query}`)).events;
  }

  // event waits for a recorded event that matches and returns it.
  async event(filters, match = () => true, ms = 10_000) {
    let seen = [];
    return poll(`an event ${JSON.stringify(filters)}`, async () => {
      seen = await this.events(filters);
      return seen.find(match);
    }, { ms, step: 200, detail: () => `events there: ${JSON.stringify(seen.map(e => ({ type: e.type, code: e.data.error_code, action: e.data.action, peer: e.data.peer_id, terminal: e.data.is_terminal })))}` });
  }
}
