// Every row of the matrix, in the order of the documents.
import { conditions } from './conditions.mjs';
import { asScenario } from './row.mjs';
import { rows as token } from './token.mjs';

const order = [...conditions.keys()];

export const rows = [...token].map(asScenario)
  .sort((a, b) => order.indexOf(a.row) - order.indexOf(b.row));
