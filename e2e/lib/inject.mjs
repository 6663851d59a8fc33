// Injections asked for with the command, as a person would.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assert } from './check.mjs';

const exec = promisify(execFile);

// inject starts a fault in a room and returns the injection.
export async function inject(t, room, fault, ...flags) {
  const { server } = await t.world();
  const { stdout } = await exec(t.setup.bin, ['inject', fault, '-room', room.id, '-json', ...flags], {
    env: { ...process.env, REDIAL_SERVER: server.url, REDIAL_TOKEN: server.managementToken },
  });
  return JSON.parse(stdout);
}

// provoked waits for an event of a peer and checks that it is marked.
export async function provoked(t, filters, match) {
  const { rest } = await t.world();
  const event = await rest.event(filters, match, 40_000);
  assert.equal(event.redial?.injected, true, `marked as injected: ${JSON.stringify(event)}`);
  return event;
}
