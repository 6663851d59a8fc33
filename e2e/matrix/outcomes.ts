// What became of a row, from the worker that ran it to the page.
export interface Outcome { verdict: string; delay?: number; ms?: number }

// annotation is the type of the annotation that carries one.
export const annotation = 'outcome';
