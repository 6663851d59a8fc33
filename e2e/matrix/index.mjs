// Every row of the matrix, in the order of the documents.
import { conditions } from './conditions.mjs';
import { rows as device } from './device.mjs';
import { rows as ios } from './ios.mjs';
import { rows as media } from './media.mjs';
import { asScenario } from './row.mjs';
import { rows as signal } from './signal.mjs';
import { rows as token } from './token.mjs';

const order = [...conditions.keys()];

export const rows = [...token, ...signal, ...device, ...media, ...ios].map(asScenario)
  .sort((a, b) => order.indexOf(a.row) - order.indexOf(b.row));

// missing are the documented errors that nobody provokes.
export const missing = order.filter(id => !rows.some(r => r.row === id));
