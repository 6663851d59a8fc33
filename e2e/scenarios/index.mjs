// Every scenario, in the order they run.
import media from './media.mjs';

export const scenarios = [...media];
