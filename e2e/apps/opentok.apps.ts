// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Six public suites and apps for OpenTok, unchanged, on a server of ours
// (make opentok-apps DIR=...): scripts/opentok-apps.sh fetches them into a folder of
// the developer's. Their scripts are taken from where their pages say, and the
// vendor's library is answered with ours.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from '@playwright/test';
import { assert, poll } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import { browsing, bundle, checks, commit, credentials, dir, here, open, row, serve, shows, suite, type Here } from './opentok/suites.ts';
import { runSpec } from './opentok/wdio.ts';

const tested = (folder: string) => readdirSync(folder).filter(f => f.endsWith('.js')).map(f => `${folder}/${f}`);

// filled puts credentials where an app's reader is asked to put them.
const filled = ({ apiKey, sessionId, token }: ReturnType<typeof credentials>) => (_: string, text: string) => text
  .replace(/(apiKey\s*[:=]\s*)(""|'YOUR_API_KEY')/, `$1${JSON.stringify(apiKey)}`)
  .replace(/(sessionId\s*[:=]\s*)(""|'YOUR_SESSION_ID')/, `$1${JSON.stringify(sessionId)}`)
  .replace(/(token\s*[:=]\s*)(""|'YOUR_TOKEN')/, `$1${JSON.stringify(token)}`);

// inBrowser runs a bundle of tests in a page, and says how each ended.
async function inBrowser(page: Page, url: string, what: { suite: string; part: string }) {
  await page.goto(url);
  const ended = await poll('the tests to end', () => page.evaluate(() => (window as any).ended), { ms: 60_000 }) as { name: string; status: string; error?: string }[];
  const failed = ended.filter(r => r.status === 'failed');
  const left = ended.filter(r => r.status === 'pending').length;
  row({ ...what, passed: ended.filter(r => r.status === 'passed').length, of: ended.length - left, note: left ? `and ${left} that the suite itself leaves out` : undefined });
  assert.deepEqual(failed, []);
}

const page = (...scripts: string[]) => `<!DOCTYPE html><meta charset="utf-8"><div id="content"></div>${scripts.map(s => `<script src="${s}"></script>`).join('')}`;

// wrongs are what samples fail at with every library: a page with another title than its test looks for.
const wrongs: Record<string, string> = { 'Publish-Canvas': "'OpenTok Getting Started' == 'Publish from a Canvas'" };

const vendor = 'https://static.opentok.com/v2/js/opentok.min.js';

test.describe('apps', () => {
  test.beforeAll(() => { assert.ok(existsSync(`${dir}/node_modules/react`), 'say where the apps are: make opentok-apps DIR=/path/to/a/folder'); });

  // The vendor's samples by their own browser tests, which are for WebdriverIO.
  for (const sample of ['Basic Video Chat', 'Signaling', 'Publish-Devices', 'Publish-Video', 'Publish-Canvas', 'Stereo-Audio', 'Stream-Filter', 'Basic-Background-Blur']) {
    scenario(`samples-${sample.replaceAll(' ', '-')}`, { ms: 120_000 }, async t => {
      const name = 'opentok-web-samples';
      const at = await here(t);
      const origin = await serve(t, suite(name));
      const context = await browsing(t, at);
      const results = (await Promise.all(tested(suite(`${name}/${sample}/test`)).map(file => runSpec(file, `${origin}/`, () => open(t, context, 'page'))))).flat();
      const failed = results.filter(r => r.error);
      const known = failed.filter(r => r.error === wrongs[sample]);
      row({ suite: `${name} ${commit(name)}`, part: sample, passed: results.length - failed.length, of: results.length, note: known.length ? `the sample is wrong: ${known.map(r => r.error)}` : undefined });
      assert.ok(results.length > 0);
      assert.deepEqual(failed.filter(r => !known.includes(r)), []);
    });
  }

  scenario('opentok-react', { ms: 180_000 }, async t => {
    const name = 'opentok-react';
    const at = await here(t);
    const jasmine = readFileSync(`${dir}/node_modules/jasmine-core/lib/jasmine-core/jasmine.js`, 'utf8');
    const boot = `(() => {
      const core = jasmineRequire.core(jasmineRequire), env = core.getEnv(), results = [];
      Object.assign(window, { jasmine: core }, jasmineRequire.interface(core, env));
      env.addReporter({ specDone: r => results.push({ name: r.fullName, status: r.status, error: (r.failedExpectations[0] || {}).message }), jasmineDone: () => { window.ended = results; } });
      addEventListener('load', () => env.execute());
    })()`;
    const specs = await bundle({ contents: tested(suite(`${name}/test`)).map(f => `require(${JSON.stringify(f)});`).join('\n'), at: suite(name) });
    const app = await bundle(suite(`${name}/example/app.js`), [{
      // What its reader writes into a copy of example/config.template.js.
      name: 'config', setup(b) {
        b.onResolve({ filter: /\/config$/ }, () => ({ path: 'config', namespace: 'config' }));
        b.onLoad({ filter: /.*/, namespace: 'config' }, () => {
          const { apiKey, sessionId, token } = credentials(at);
          return { contents: `export default ${JSON.stringify({ API_KEY: apiKey, SESSION_ID: sessionId, TOKEN: token, CHROME_EXTENSION_ID: 'x' })}` };
        });
      },
    }]);
    const origin = await serve(t, suite(`${name}/example`), {
      '/tests/': page(vendor, '/jasmine.js', '/boot.js', '/specs.js'), '/specs.js': specs, '/boot.js': boot,
      '/jasmine.js': jasmine, '/bundle.js': app,
    });
    const context = await browsing(t, at);
    await inBrowser(await open(t, context, 'tests'), `${origin}/tests/`, { suite: `${name} ${commit(name)}`, part: 'its tests' });

    const ann = await open(t, context, 'ann');
    const bob = await open(t, context, 'bob');
    await checks({ suite: `${name} ${commit(name)}`, part: 'its example in a call' }, {
      join: async () => { for (const p of [ann, bob]) await p.goto(`${origin}/`); },
      connected: () => ann.getByText('Status: Connected').waitFor(),
      both: async () => { await shows(ann, 'ann', 2); await shows(bob, 'bob', 2); },
      mute: async () => {
        await bob.getByLabel('Publish Video').click();
        await ann.locator('.OT_subscriber.OT_audio-only').waitFor();
        await bob.getByLabel('Publish Video').click();
        await shows(ann, 'ann', 2);
      },
      screen: async () => {
        await bob.getByLabel('Screen').click();
        await poll('the screen to be there', () => ann.locator('.OT_subscriber video').evaluate((v: HTMLVideoElement) => v.videoWidth > 700), { ms: 30_000 });
      },
      leave: async () => { await bob.close(); await shows(ann, 'ann', 1); },
    });
  });

  scenario('accelerator-core', { ms: 180_000 }, async t => {
    const name = 'accelerator-core-js';
    const at = await here(t);
    const mocha = (file: string) => `/mocha/${file}`;
    const boot = 'mocha.setup("bdd"); window.addEventListener("load", () => { const results = []; mocha.run(() => { window.ended = results; }).on("pass", t => results.push({ name: t.fullTitle(), status: "passed" })).on("fail", (t, e) => results.push({ name: t.fullTitle(), status: "failed", error: e.message })).on("pending", t => results.push({ name: t.fullTitle(), status: "pending" })); })';
    // Accelerator packs are packages of their own, which an app may leave out.
    const packs = { name: 'packs', setup(b: any) {
      b.onResolve({ filter: /^opentok-(annotation|archiving|screen-sharing|text-chat)$/ }, () => ({ path: 'none', namespace: 'none' }));
      b.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'throw new Error("left out")' }));
    } };
    const specs = await bundle({ contents: tested(suite(`${name}/test`)).map(f => `require(${JSON.stringify(f)});`).join('\n'), at: suite(name) }, [packs]);
    const core = await bundle({ contents: `
      const Core = require('./src/core'); const { apiKey, sessionId, token } = ${JSON.stringify(credentials(at))};
      window.otCore = new (Core.default || Core)({ credentials: { apiKey, sessionId, token }, packages: [], controlsContainer: '#controls',
        streamContainers: (pubSub, type) => '#' + pubSub });
      window.heard = [];
      for (const name of ['subscribeToCamera', 'unsubscribeFromCamera']) window.otCore.on(name, () => window.heard.push(name));
      window.otCore.getSession().on('signal:chat', () => window.heard.push('signal:chat'));
      window.otCore.connect().then(said => { window.connected = said; }, error => { window.failed = String(error); });`, at: suite(name) }, [packs]);
    const origin = await serve(t, suite(name), {
      '/tests/': page(vendor, mocha('mocha.js'), mocha('chai.js'), '/boot.js', '/specs.js'), '/boot.js': boot, '/specs.js': specs,
      [mocha('mocha.js')]: await bundle(`${dir}/node_modules/mocha/mocha.js`), [mocha('chai.js')]: await bundle({ contents: 'window.chai = require("chai")', at: dir }),
      '/call/': page(vendor, '/core.js').replace('<div', '<div id="publisher" style="height: 240px"></div><div id="subscriber" style="height: 240px"></div><div id="controls"></div><div'), '/core.js': core,
    });
    const context = await browsing(t, at);
    await inBrowser(await open(t, context, 'tests'), `${origin}/tests/`, { suite: `${name} ${commit(name)}`, part: 'its tests' });

    const ann = await open(t, context, 'ann');
    const bob = await open(t, context, 'bob');
    const otCore = (p: Page, call: string) => p.evaluate(call);
    await checks({ suite: `${name} ${commit(name)}`, part: 'in a call' }, {
      connect: async () => {
        for (const p of [ann, bob]) {
          await p.goto(`${origin}/call/`);
          await poll('the core to be connected', () => p.evaluate(() => (window as any).connected ?? (window as any).failed), { ms: 30_000 });
        }
        assert.deepEqual(await bob.evaluate(() => (window as any).connected), { connections: 2 });
      },
      start: async () => { for (const p of [ann, bob]) await otCore(p, 'window.otCore.startCall().then(() => {})'); },
      both: async () => { await shows(ann, 'ann', 2); await shows(bob, 'bob', 2); },
      signal: async () => {
        await otCore(bob, 'window.otCore.signal("chat", { text: "hello" })');
        await poll('the signal', () => ann.evaluate(() => (window as any).heard.includes('signal:chat')));
      },
      mute: async () => {
        await otCore(bob, 'window.otCore.toggleLocalVideo(false)');
        await ann.locator('.OT_subscriber.OT_audio-only').waitFor();
        await otCore(bob, 'window.otCore.toggleLocalVideo(true)');
      },
      end: async () => {
        await otCore(bob, 'window.otCore.endCall()');
        await poll('ann to hear of it', () => ann.evaluate(() => (window as any).heard.includes('unsubscribeFromCamera')));
        await shows(ann, 'ann', 1);
      },
    });
  });

  // Their own tests look for a title and a counter that the components do not have (the
  // template they were begun from does), so they pass with no library.
  scenario('web-components', { ms: 120_000 }, async t => {
    const name = 'web-components';
    const at = await here(t);
    const component = (part: string) => () => build({
      entryPoints: [suite(`${name}/${part}/${part}.js`)], bundle: true, write: false, format: 'esm', target: 'chrome110', logLevel: 'error',
    }).then(r => r.outputFiles[0]!.text);
    const parts = ['video-publisher', 'video-subscribers', 'screen-share', 'video-subscriber', 'inputs-select'];
    const origin = await serve(t, suite(`${name}/examples/vanillajs`), {
      '/inputs.html': `<!DOCTYPE html><script src="${vendor}"></script><script type="module" src="https://unpkg.com/@vonage/inputs-select@latest"></script><inputs-select></inputs-select>
        <script>document.querySelector('inputs-select').addEventListener('inputsSelected', e => { window.chosen = e.detail; });</script>`,
    }, filled(credentials(at)));
    const context = await browsing(t, at, Object.fromEntries(parts.map(part => [`unpkg.com/@vonage/${part}@`, component(part)])));
    const ann = await open(t, context, 'ann');
    const bob = await open(t, context, 'bob');
    await checks({ suite: `${name} ${commit(name)}`, part: 'its example in a call', note: 'its tests are of the template that it was begun from' }, {
      join: async () => { for (const p of [ann, bob]) await p.goto(`${origin}/`); },
      both: async () => { await shows(ann, 'ann', 2); await shows(bob, 'bob', 2); },
      audio: async () => {
        await bob.locator('#audio-toggle').click();
        await poll('the sound to be off', () => bob.evaluate(() => !(document.querySelector('video-publisher') as any).publisher.stream.hasAudio));
      },
      screen: async () => {
        await bob.locator('screen-share button').click();
        await shows(ann, 'ann', 3);
        await bob.locator('screen-share button', { hasText: 'stop' }).click();
        await shows(ann, 'ann', 2);
      },
      inputs: async () => {
        const eve = await open(t, context, 'eve');
        await eve.goto(`${origin}/inputs.html`);
        await eve.locator('inputs-select #video-source-select option').first().waitFor({ state: 'attached' });
        await eve.locator('inputs-select #inputs-btn').click();
        assert.ok((await eve.evaluate(() => (window as any).chosen)).videoSource);
      },
      leave: async () => { await bob.close(); await shows(ann, 'ann', 1); },
    });
  });

  scenario('one-to-one', { ms: 120_000 }, async t => {
    const name = 'one-to-one-sample-apps';
    const at: Here = await here(t);
    const origin = await serve(t, suite(`${name}/js/public`), {}, filled(credentials(at)));
    const context = await browsing(t, at);
    const ann = await open(t, context, 'ann');
    const bob = await open(t, context, 'bob');
    await checks({ suite: `${name} ${commit(name)}`, part: 'a call' }, {
      join: async () => { for (const p of [ann, bob]) await p.goto(`${origin}/`); },
      start: async () => { for (const p of [ann, bob]) await p.locator('#start').click(); },
      both: async () => { await shows(ann, 'ann', 2); await shows(bob, 'bob', 2); },
      mute: async () => {
        await bob.locator('#toggleLocalVideo').click();
        await ann.locator('.OT_subscriber.OT_audio-only').waitFor();
        await bob.locator('#toggleLocalVideo').click();
        await shows(ann, 'ann', 2);
      },
      end: async () => { await bob.locator('#toggleEndCall').click(); await shows(ann, 'ann', 1); },
    });
  });

  // The webinar's backend is its own, with the vendor's server SDK led to our server.
  scenario('webinar', { ms: 120_000 }, async t => {
    const name = 'opentok-webinar';
    const at = await here(t);
    const port = 5001;
    const origin = `http://localhost:${port}`;
    const child = spawn(process.execPath, ['-r', fileURLToPath(new URL('opentok/led.cjs', import.meta.url)), 'app.js'], {
      cwd: suite(name), stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env, PWD: suite(name), PORT: String(port), NODE_ENV: 'development', OPENTOK_URL: at.server, opentok__api_key: at.session.key, opentok__api_secret: at.session.secret,
        app__base_url: origin, app__storage_dir: `${t.dir}/storage`,
      },
    });
    for (const out of [child.stdout, child.stderr]) out.on('data', text => appendFileSync(`${t.dir}/webinar.log`, text));
    t.cleanup(() => { child.kill(); });
    await poll('the webinar to answer', () => fetch(origin).then(() => true, () => false), { ms: 30_000 });
    const context = await browsing(t, at);
    const ann = await open(t, context, 'presenter');
    const bob = await open(t, context, 'viewer');
    await checks({ suite: `${name} ${commit(name)}`, part: 'a webinar' }, {
      create: async () => {
        await ann.goto(origin);
        await ann.locator('#webinar-name').fill('Redial');
        await ann.getByText('Start New Webinar').or(ann.locator('input[type=submit]')).first().click();
        await ann.waitForURL(/\/present/);
      },
      capture: async () => {
        await ann.locator('#dialog-close').click();
        await ann.locator('#camera-share-start:enabled').click();
        await ann.locator('#start-btn:enabled').waitFor();
      },
      screen: async () => {
        await ann.locator('#screen-share-start:enabled').click();
        await ann.locator('#screen-share-stop:enabled').waitFor();
      },
      view: async () => {
        await bob.goto(await ann.locator('#share-url-viewer').inputValue());
        await poll('the presenter to count viewers', async () => await ann.locator('#viewers span').textContent() === '1', { ms: 30_000 });
      },
      live: async () => {
        await ann.locator('#start-btn').click();
        await ann.getByText('On Air').waitFor();
        await shows(bob, 'the viewer', 2);
        await bob.locator('.webinar-viewer-viewports.is-live.has-camera.has-screen').waitFor();
      },
      end: async () => {
        await ann.locator('#end-btn').click();
        await shows(bob, 'the viewer', 0);
        await ann.waitForURL(`${origin}/`);
      },
    });
  });
});
