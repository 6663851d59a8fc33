// A row of the matrix: one documented error, one way to provoke it, and what the
// client and the record must say of it.
//
//   {
//     row: 'S004',                     the entry of the documents it proves
//     client: 'sdk' | 'go' | 'http',   who sees it
//     by: 'real' | 'injection' | 'stub' | 'unreachable',
//     how: 'one sentence a person reads',
//     expect: { code, name, terminal, retry },   what the client shows
//     says: /regular expression/,                what its message tells a person
//     event: { type, code, name, action, terminal, role, fault, agent, times, match }
//       or { none: 'why nothing is stored' },
//     idle, ms,                        as a scenario's
//     async provoke(t),
//   }
//
// provoke breaks something and returns what a real client made of it:
//
//   {
//     shown: { code, name, terminal, retry, at },   read from the client, never written here
//     who: { id, userId, name, role, room, wasIn }, the peer as its client knows itself (a Tab is one)
//     since,   when the client could first report it, in ms, where that is later than the failure
//   }
//
// A Set in expect holds the values that will do. Only what is named in expect and event is compared, but code, terminal and
// retry must be. A row that no client can show has by: 'unreachable', the
// evidence as how, and may have a provoke that holds the evidence.
import { assert, checkAgent, checkEvent, patience, sleep } from '../lib/check.mjs';
import { conditions } from './conditions.mjs';

// most is how long a report may take from the client to the record.
const most = 2000;

// ways are the ways to provoke a row, in the words of the page.
export const ways = { real: 'real cause', injection: 'injection', stub: 'stubbed browser API', unreachable: 'not reachable' };
export const clients = { sdk: 'web SDK', go: 'Go client', http: 'HTTP' };

// asScenario makes a row a check of the runner's. Its outcome is kept for the page.
export function asScenario(spec) {
  const documented = conditions.get(spec.row);
  if (!documented) throw new Error(`the documents have no row ${spec.row}`);
  if (!ways[spec.by] || !clients[spec.client] || !spec.how) throw new Error(`row ${spec.row} does not say by what, for whom or how`);
  return {
    idle: spec.idle, ms: spec.ms, name: `matrix-${spec.row}`, row: spec.row, spec,
    async run(t) {
      const seen = await spec.provoke?.(t);
      if (spec.by === 'unreachable') return { verdict: 'not reachable' };
      checkShown(spec, documented, seen);
      return { verdict: 'pass', ...await checkRecord(t, spec, seen) };
    },
  };
}

// checkShown holds what the client showed against the row and the documents.
function checkShown({ row, expect, says }, documented, { shown }) {
  for (const key of ['code', 'terminal', 'retry']) {
    assert.notEqual(shown[key], undefined, `${row}: the client shows ${key}: ${JSON.stringify(shown)}`);
    assert.notEqual(expect[key], undefined, `${row} expects a ${key}`);
  }
  for (const [key, want] of Object.entries(expect)) {
    if (want instanceof Set) assert.ok(want.has(shown[key]), `${row}: ${key} of ${JSON.stringify(shown)}`);
    else assert.deepEqual(shown[key], want, `${row}: ${key} of ${JSON.stringify(shown)}`);
  }
  if (says) assert.match(shown.says ?? '', says, `${row}: the message says why`);
  if (documented.code) assert.equal(shown.code, documented.code, `${row}: the documented code`);
  if (documented.code && documented.name) assert.equal(shown.name, documented.name, `${row}: the documented name`);
}

// checkRecord reads the failure back as support would: it is there once, for the
// right peer, and was there in time.
async function checkRecord(t, { row, event: want }, { shown, who, since = 0 }) {
  const { rest } = await t.world();
  const filters = { room_id: who.room.id, ...(who.id ? { peer_id: who.id } : { user_id: who.userId, user_id_proof: 'code' }) };
  const same = e => e.type === want.type
    && (want.code === undefined || e.data.error_code === want.code)
    && (want.action === undefined || e.data.action === want.action)
    && (want.terminal === undefined || e.data.is_terminal === want.terminal)
    && (want.match?.(e) ?? true);

  if (want.none) {
    await sleep(1000);
    const stored = (await rest.events({ ...filters, error: true })).filter(e => e.data.error_code === shown.code);
    assert.deepEqual(stored, [], `${row}: nothing is stored, because ${want.none}`);
    return {};
  }
  const event = await rest.event(filters, same, want.ms ?? 15_000);
  const documented = conditions.get(row);
  if (!documented.code) assert.equal(event.type, documented.name, `${row}: the documented type`);
  checkEvent(event, { ...want, tab: who, agent: false });
  if (want.agent) want.agent(event.data.agent);
  else checkAgent(event.data.agent);
  if (want.fault) assert.equal(event.redial?.fault, want.fault, `${row}: fault of ${JSON.stringify(event.redial)}`);

  const able = Math.max(Date.parse(event.redial?.client_timestamp ?? '') || shown.at || 0, since);
  const delay = Math.max(0, Date.parse(event.timestamp) - able);
  assert.ok(delay <= most * patience(), `${row}: stored ${delay} ms after the client could report it: ${JSON.stringify(event)}`);

  // What is told twice is told at once, or when the person leaves.
  if (who.wasIn && who.leave) await who.leave().catch(() => {});
  await sleep(500);
  const stored = (await rest.events(filters)).filter(same);
  assert.equal(stored.length, want.times ?? 1, `${row}: stored once: ${JSON.stringify(stored)}`);
  return { delay };
}

// shown reads an exception of the web SDK as data: see plainError of the page.
export const shown = (error, at) => ({
  code: error.code, name: error.name, terminal: error.isTerminal, retry: error.canRetry, fault: error.fault, at,
  says: `${error.message} ${error.description}`,
});

// refused joins as somebody who is turned away, and returns what the SDK showed.
export async function refused(tab, config) {
  const outcome = await tab.tryJoin({ ms: 10_000, ...config });
  assert.equal(outcome.ok, false, `${tab.name} must be refused: ${JSON.stringify(outcome)}`);
  return { shown: shown(outcome.error, await tab.now()), who: tab };
}

// told waits for an error that the app is told of.
export async function told(tab, kind, match, options) {
  const { data, at } = await tab.noticed(kind, match, options);
  return { shown: shown(data, at), who: tab };
}

// reported is told for failures the SDK tells the server of and the app not:
// what it shows is in its own report.
export async function reported(tab, name, match, options) {
  const { info } = await tab.reported(name, match, options);
  const error = await tab.eval(i => tab.plainError({
    code: i.error_code, name: i.error_name, message: i.error_message, description: i.error_description, action: i.action, isTerminal: i.is_terminal,
  }), info);
  return { shown: shown(error, info.timestamp), who: tab };
}
