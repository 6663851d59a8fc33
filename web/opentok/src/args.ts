// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Arguments, of which any may be left out, also from the middle. */
import type { Operation } from "../../core/src";
import { invalid } from "./errors";

export type Target = HTMLElement | string | null | undefined;

export interface Arguments<Properties> {
  target: Target;
  properties: Properties;
  handler: unknown;
}

/** Sorts out target, properties and completion handler by what they are. */
export function sorted<Properties extends object>(given: readonly unknown[]): Arguments<Properties> {
  const rest = [...given];
  while (rest.length > 0 && rest.at(-1) === undefined) rest.pop();
  const handler = typeof rest.at(-1) === "function" ? rest.pop() : undefined;
  const first = rest[0];
  const target = isElement(first) || typeof first === "string" || first === undefined || first === null ? rest.shift() as Target : undefined;
  return { target, properties: (rest.shift() ?? {}) as Properties, handler: handler ?? rest.shift() };
}

export function isElement(x: unknown): x is HTMLElement {
  return typeof HTMLElement !== "undefined" && x instanceof HTMLElement || typeof x === "object" && x !== null && (x as Node).nodeType === 1;
}

/** What a property must be, or undefined if it is. */
type Check = (x: unknown) => string | undefined;

export const oneOf = (...values: unknown[]): Check => (x) => (values.includes(x) ? undefined : `one of ${values.map((v) => JSON.stringify(v)).join(", ")}`);
export const boolean: Check = (x) => (typeof x === "boolean" ? undefined : "true or false");
export const text = (most: number): Check => (x) => (typeof x === "string" && x.length <= most ? undefined : `a text of up to ${most} characters`);
export const within = (least: number, most: number): Check => (x) =>
  (typeof x === "number" && x >= least && x <= most ? undefined : `a number from ${least} to ${most}`);
export const size: Check = (x) => {
  const { width, height } = (typeof x === "object" && x !== null ? x : {}) as Record<string, unknown>;
  return typeof width === "number" && typeof height === "number" && width > 0 && height > 0 ? undefined : "an object with width and height";
};
export const either = (...checks: Check[]): Check => (x) => {
  const problems = checks.map((c) => c(x));
  return problems.some((p) => p === undefined) ? undefined : problems.join(", or ");
};
export const length: Check = (x) => (typeof x === "number" && x >= 0 || typeof x === "string" ? undefined : "a number of pixels or a length of CSS");

/** Checks the properties that are there. Fails with OT_INVALID_PARAMETER, which names the property. */
export function check(operation: Operation, properties: unknown, checks: Readonly<Record<string, Check>>): void {
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) throw invalid(operation, "properties", "an object");
  for (const [name, problem] of Object.entries(checks)) {
    const value = (properties as Record<string, unknown>)[name];
    const want = value === undefined ? undefined : problem(value);
    if (want) throw invalid(operation, name, want);
  }
}

export const widgetChecks = {
  fitMode: oneOf("cover", "contain"), insertDefaultUI: boolean, insertMode: oneOf("replace", "after", "before", "append"),
  showControls: boolean, width: length, height: length,
};
