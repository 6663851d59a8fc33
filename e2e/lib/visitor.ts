// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// People on the server's own page, who use it by its buttons.
import type { Locator, Page } from '@playwright/test';
import type { Kind } from './browser.ts';
import { poll } from './check.ts';
import { within } from './patience.ts';
import { pictures } from './pictures.ts';
import type { Run } from './run.ts';
import type { Place } from './world.ts';

export interface Person { name: string; page: Page; errors: string[]; told: number[] } // told: answers to what the page knows of its device
export interface Manner { viewport?: { width: number; height: number }; browser?: Kind; place?: Place } // of visiting

export const byId = (page: Page | Locator, id: string) => page.getByTestId(id);
export const tile = (page: Page, name: string, kind = 'camera') => page.locator(`[data-testid=tile][data-peer-name="${name}"][data-kind=${kind}]`);

// waitFor waits until something is on the page, or no more.
export const waitFor = (what: Locator, ms: number, state: 'visible' | 'hidden' = 'visible') => within(ms, timeout => what.waitFor({ state, timeout }));

// visit opens a link of the page as a person would.
export async function visit(t: Run, name: string, fragment: Record<string, string>, { viewport = { width: 1280, height: 800 }, browser, place }: Manner = {}): Promise<Person> {
  place ??= await t.place();
  const context = await (await place.browserOf(browser)).newContext({ viewport });
  t.cleanup(() => context.close());
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', e => errors.push(String(e)));
  const told: number[] = [];
  page.on('response', r => { if (r.url().endsWith('/api/v1/witness')) told.push(r.status()); });
  await page.goto(`${place.server.url}/#${new URLSearchParams(fragment)}`);
  return { name, page, errors, told };
}

// enter goes through the lobby into the room.
export async function enter(t: Run, name: string, token: string | { code: string }, manner?: Manner): Promise<Person> {
  const person = await visit(t, name, { ...(typeof token === 'string' ? { token } : token), name }, manner);
  await waitFor(person.page.locator('[data-testid=lobby][data-stage=preview]'), 10_000);
  await byId(person.page, 'join').click();
  await waitFor(byId(person.page, 'room'), 15_000);
  return person;
}

// plays waits until the picture of a person moves on somebody's page.
export async function plays(viewer: Person, name: string, kind?: string) {
  const video = tile(viewer.page, name, kind).getByTestId('tile-video');
  await waitFor(tile(viewer.page, name, kind).and(viewer.page.locator('[data-video=live]')), 20_000);
  const before = await pictures(video);
  await poll(`${viewer.name} to see ${name} move`, async () => (await pictures(video)) > before + 10, { ms: 10_000 });
}
