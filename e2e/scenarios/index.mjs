// Every scenario, in the order they start; the ones that wait longest first
// among those that may overlap.
import backend from './backend.mjs';
import crowd from './crowd.mjs';
import demo from './demo.mjs';
import flaky from './flaky.mjs';
import inject from './inject.mjs';
import join from './join.mjs';
import media from './media.mjs';
import network from './network.mjs';
import polls from './polls.mjs';
import reconnect from './reconnect.mjs';
import roles from './roles.mjs';
import room from './room.mjs';

export const scenarios = [...media, ...room, ...polls, ...roles, ...join, ...reconnect, ...network, ...flaky, ...crowd, ...backend, ...demo, ...inject];
