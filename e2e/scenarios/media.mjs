// Sound and pictures really arrive: every check counts what was decoded.
import { assert, poll, sleep } from '../lib/check.mjs';
import { scenario } from '../lib/scenario.mjs';

export default [
  scenario('call', async t => {
    const { alice, bob } = await t.call();
    await alice.knows(bob);
    await bob.knows(alice);
    for (const [here, there] of [[alice, bob], [bob, alice]]) {
      const video = await here.sees(there, { frames: 30 });
      assert.equal(video.keyframes > 0, true, 'a key frame was decoded');
      await here.hears(there);
    }
    assert.deepEqual(new Set(await alice.eval(() => probe.transports())), new Set(['udp']), 'media travels over UDP');
    // Nothing more than a call: nobody was told of a failure.
    for (const tab of [alice, bob]) assert.deepEqual(await tab.notices('ERROR', 'RECONNECTING'), []);
    await bob.leave();
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);
  }),
];
