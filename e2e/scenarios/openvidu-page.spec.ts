// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page of OpenVidu's client that a server has, by the links that "redial dev"
// prints, as somebody opens them who reads them on a terminal.
import type { Page } from '@playwright/test';
import { assert, poll } from '../lib/check.ts';
import { start, stop } from '../lib/process.ts';
import type { Run } from '../lib/run.ts';
import { scenario, test } from '../lib/scenario.ts';

const moves = (page: Page, video: string) => poll(`${video} to move`, () =>
  page.locator(video).evaluate((v: HTMLVideoElement) => v.currentTime > 0.5).catch(() => false), { ms: 20_000 });
const tile = (name: string) => `[data-testid=tile][data-name="${name}"]`;

// printed starts a server for this scenario and reads the links by their words.
async function printed(t: Run): Promise<Record<string, string>> {
  const links: Record<string, string> = {};
  const child = start(t.setup.bin, ['dev', '-http', '127.0.0.1:0'], {
    log: `${t.dir}/dev.log`,
    onLine: line => {
      const [, word, url] = /^ {2}(host|guest|ov|watch) +(http\S+)$/.exec(line) ?? [];
      if (word) links[word] = url!;
    },
  });
  t.cleanup(() => stop(child));
  await poll('the links', () => Object.keys(links).length === 4);
  return links;
}

test.describe('openvidu', () => {
  scenario('openvidu-page', async t => {
    const links = await printed(t);
    const browser = await (await t.place()).browserOf();
    const uncaught: string[] = [];
    const open = async (url: string, viewport = { width: 1280, height: 800 }, colorScheme: 'light' | 'dark' = 'dark') => {
      const context = await browser.newContext({ viewport, colorScheme });
      t.cleanup(() => context.close());
      const page = await context.newPage();
      page.on('pageerror', e => uncaught.push(String(e)));
      page.on('console', m => { if (/Content.Security.Policy/i.test(m.text())) uncaught.push(m.text()); });
      await page.goto(url);
      return page;
    };

    // Somebody on a telephone, in the light, meets somebody of the 100ms demo page.
    const otto = await open(links.ov!, { width: 390, height: 844 }, 'light');
    await otto.getByTestId('join').click();
    const hanna = await open(links.host!);
    await hanna.getByTestId('join').click();
    await moves(otto, `${tile('Otto')} video`);
    await moves(otto, `${tile('Hanna')} video`);
    await moves(hanna, '[data-testid=tile][data-peer-name="Otto"][data-kind=camera] [data-testid=tile-video]');

    // What is muted is seen, and words are read.
    await otto.getByTestId('audio').click();
    await hanna.locator('[data-testid=tile][data-peer-name="Otto"][data-audio=off]').waitFor();
    await hanna.getByTestId('mic').click();
    await otto.locator(`${tile('Hanna')}[data-muted=AUDIO]`).waitFor();
    await otto.getByTestId('message').fill('hello from a telephone');
    await otto.getByTestId('send').click();
    await otto.getByTestId('messages').getByText('hello from a telephone').waitFor();
    await hanna.getByTestId('chat').click();
    await hanna.getByTestId('chat-text').filter({ hasText: 'hello from a telephone' }).waitFor();

    // It fits, and is light where that is asked for and dark where not.
    const ground = (page: Page) => page.evaluate(() => [document.documentElement.scrollWidth > innerWidth, getComputedStyle(document.documentElement).backgroundColor]);
    assert.deepEqual(await ground(otto), [false, 'rgb(244, 246, 248)']);
    await otto.screenshot({ path: `${t.dir}/telephone.png` });

    // A failure is shown in plain words, and to developers by its code, its name and what to do about it.
    const eve = await open(links.ov!.replace(/#.*/, '#name=Eve'));
    assert.deepEqual(await ground(eve), [false, 'rgb(11, 13, 16)']);
    await eve.getByTestId('token').fill(links.ov!.replace(/^http(.*)\/ov\/.*/, 'ws$1?sessionId=demo&token=tok_guess'));
    await eve.getByTestId('join').click();
    const error = eve.locator('[data-testid=errors] [data-code="401"][data-fault="token.spent"]');
    await error.waitFor();
    // Whoever wants to talk reads plain words; what developers want is folded away.
    assert.match(await error.getByTestId('error-user').innerText(), /invitation/);
    assert.doesNotMatch(await error.innerText(), /401|token/i);
    await error.locator('summary').click();
    assert.match(await error.innerText(), /USER_UNAUTHORIZED_ERROR_CODE[^]+\n\S+/);
    await eve.screenshot({ path: `${t.dir}/desk.png` });
    // And so is one of the backend's.
    const mallory = await open(links.ov!.replace(/secret=[^&]+/, 'secret=guess'));
    await mallory.getByTestId('join').click();
    await mallory.locator('[data-testid=errors] [data-code="401"][data-fault="token.refused"]').waitFor();

    await otto.getByTestId('leave').click();
    await hanna.locator('[data-testid=tile][data-peer-name="Otto"]').waitFor({ state: 'detached' });
    assert.deepEqual(uncaught, []);
  });
});
