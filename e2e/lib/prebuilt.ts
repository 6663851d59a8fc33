// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A Guest is somebody who came to the 100ms prebuilt room, unmodified, with a room
// code and uses it by its buttons.
import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import type { Kind } from './browser.ts';
import { assert, poll } from './check.ts';
import { logPage } from './pagelog.ts';
import { within } from './patience.ts';
import { pictures } from './pictures.ts';
import type { Room, Run } from './run.ts';
import { root } from './setup.ts';

export interface GuestOptions { browser?: Kind; code?: string }

export class Guest {
  readonly name: string;
  readonly page: Page;

  private constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
  }

  // open loads the room as an app embeds it, with the code of a role.
  static async open(t: Run, room: Room, name: string, role = 'host', { browser, code }: GuestOptions = {}): Promise<Guest> {
    const { rest, server } = await t.world();
    const place = await t.place();
    code ??= (await rest.post(`/v2/room-codes/room/${room.id}/role/${role}`)).code;
    const context = await (await place.browserOf(browser)).newContext({ viewport: { width: 1280, height: 720 }, ignoreHTTPSErrors: true });
    t.cleanup(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(0); // the scenario's counts
    logPage(page, `${t.dir}/${name}.log`);
    const { url, init } = server;
    const endpoints = { init, tokenByRoomCode: `${url}/v2/token`, roomLayout: `${url}/v2/layouts/ui`, event: `${url}/v2/client/report` };
    const props = { roomCode: code, options: { userName: name, userId: `user-${name}`, endpoints } };
    await page.goto(`${place.site.origin}/prebuilt.html#${encodeURIComponent(JSON.stringify(props))}`);
    return new Guest(name, page);
  }

  // enter goes from the preview into the room.
  async enter(): Promise<this> {
    await this.shows(this.button('Join now'), 30_000);
    await this.press('Join now');
    await this.shows(this.id('conferencing'), 30_000);
    return this;
  }

  static async join(t: Run, room: Room, name: string, role?: string, options?: GuestOptions): Promise<Guest> {
    return (await Guest.open(t, room, name, role, options)).enter();
  }

  id(testId: string): Locator { return this.page.getByTestId(testId); }
  text(text: string | RegExp): Locator { return this.page.getByText(text); }
  button(name: string | RegExp): Locator { return this.page.getByRole('button', { name }); }
  field(placeholder: string): Locator { return this.page.getByPlaceholder(placeholder); }
  tile(of: string): Locator { return this.id(`participant_tile_${of}`); }

  // click and press click on what has a test id or a name. Of several the last one
  // counts: dialogs come behind what they cover.
  click(testId: string) { return this.#click(this.id(testId)); }
  press(name: string | RegExp) { return this.#click(this.button(name)); }

  async #click(what: Locator) {
    await this.shows(what);
    await what.last().click();
  }

  // ask chooses from the menu of a tile, which may be covered by another tile.
  async ask(of: string, testId: string) {
    const item = this.id(testId);
    if (!await item.count()) await this.tile(of).getByTestId('participant_menu_btn').press('Enter');
    await this.#click(item);
  }

  // shows and lacks wait until something is on the page, or no longer.
  shows(what: Locator, ms = 15_000) { return within(ms, timeout => what.first().waitFor({ timeout })); }
  lacks(what: Locator, ms = 15_000) { return within(ms, timeout => what.first().waitFor({ state: 'hidden', timeout })); }

  // moves waits until new pictures are shown in a place, sees in somebody's tile.
  async moves(where: Locator) {
    const video = where.locator('video').first();
    await this.shows(video, 30_000);
    const before = await pictures(video);
    await poll(`${this.name}: a picture to move`, async () => await pictures(video) > before + 3, { ms: 30_000 });
  }

  sees(of: string) { return this.moves(this.tile(of)); }

  // hears waits until sound that is not silence arrives.
  async hears() {
    const before = await this.page.evaluate(() => probe.heard());
    await poll(`${this.name} to hear something`, async () => await this.page.evaluate(() => probe.heard()) > before + 1e-4, { ms: 20_000 });
  }

  // crashed is what the room shows instead of itself after an error of its own.
  async crashed(): Promise<boolean> { return await this.text('Something went wrong').count() > 0; }
}

// Checks are what a scenario holds the room to, as they are listed in the docs.
export class Checks {
  #done: string[] = [];

  async see(what: string, run: () => Promise<unknown>) {
    try {
      await run();
    } catch (e) {
      throw new Error(`${what}: ${(e as Error).message}`, { cause: e });
    }
    this.#done.push(what);
  }

  // compare demands that the page of the docs lists what was seen, and nothing else.
  compare(scenario: string) {
    const row = readFileSync(`${root}/docs/testing.md`, 'utf8').split('\n').find(line => line.startsWith(`| \`${scenario}\` |`));
    assert.equal(row?.split('|')[2].trim(), this.#done.join('; '), `docs/testing.md lists what ${scenario} checks`);
  }
}
