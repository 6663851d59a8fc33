// The site is a child process beside the server: it serves the bare page on a
// loopback origin, answers as the SDK's hard-coded report host over TLS and
// passes those reports on to the server, and fetches on the harness's behalf
// (it may live in a network namespace the harness cannot reach).
import { createServer } from 'node:http';
import { createServer as createTLSServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { start, stop } from './process.mjs';

const types = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8' };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serve(process.argv[2], process.argv[3]);
}

async function serve(pageDir, certDir) {
  let target = '';
  const reports = [];

  const pages = createServer(async (req, res) => {
    const name = new URL(req.url, 'http://x').pathname.slice(1) || 'index.html';
    if (!/^[a-z]+\.(html|js)$/.test(name)) return res.writeHead(404).end();
    try {
      const body = await readFile(`${pageDir}/${name}`);
      res.writeHead(200, { 'Content-Type': types[name.split('.').pop()] }).end(body);
    } catch {
      res.writeHead(404).end();
    }
  });

  const host = createTLSServer({ key: await readFile(`${certDir}/key.pem`), cert: await readFile(`${certDir}/cert.pem`) },
    async (req, res) => {
      const chunks = [];
      for await (const chunk of req) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      let status = 502;
      try {
        const headers = { ...req.headers };
        for (const hop of ['host', 'connection', 'content-length', 'accept-encoding']) delete headers[hop];
        const answer = await fetch(target + req.url, {
          method: req.method, headers, body: body.length ? body : undefined, redirect: 'manual',
        });
        status = answer.status;
        const back = Object.fromEntries(answer.headers);
        for (const hop of ['content-encoding', 'content-length', 'transfer-encoding', 'connection']) delete back[hop];
        res.writeHead(status, back).end(Buffer.from(await answer.arrayBuffer()));
      } catch (e) {
        // The server is away: the client must see a failure it will retry.
        res.writeHead(status, { 'Access-Control-Allow-Origin': '*' }).end(String(e));
      }
      let sent;
      try {
        sent = JSON.parse(body);
      } catch {
        // A preflight, or not a report.
      }
      reports.push({
        at: Date.now(), method: req.method, path: req.url, status,
        event: sent?.event, peer: sent?.peer?.peer_id, code: sent?.payload?.error_code,
      });
    });

  const listen = s => new Promise(resolve => s.listen(0, '127.0.0.1', () => resolve(s.address().port)));
  const [page, tls] = [await listen(pages), await listen(host)];

  process.on('message', async ({ id, op, url, init, to }) => {
    try {
      if (op === 'target') target = to;
      if (op === 'fetch') {
        const r = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
        process.send({ id, value: { status: r.status, headers: Object.fromEntries(r.headers), body: await r.text() } });
        return;
      }
      process.send({ id, value: op === 'reports' ? reports : true });
    } catch (e) {
      process.send({ id, error: `${e.message}${e.cause ? `: ${e.cause.message}` : ''}` });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ ready: { page, tls } });
}

// Site is the harness's handle on that process.
export class Site {
  static async start({ pageDir, certDir, netns, log }) {
    const child = start(process.execPath, [fileURLToPath(import.meta.url), pageDir, certDir], { netns, log, ipc: true });
    const site = new Site(child);
    const ready = await Promise.race([
      new Promise(resolve => child.once('message', m => resolve(m.ready))),
      child.ended.then(({ error }) => { throw new Error(`the page server ended early: ${error?.message || `see ${log}`}`); }),
    ]);
    child.on('message', m => site.#settle(m));
    child.ended.then(() => site.#fail());
    site.origin = `http://127.0.0.1:${ready.page}`;
    site.pagePort = ready.page;
    site.tlsPort = ready.tls;
    return site;
  }

  #child; #calls = new Map(); #next = 0;

  constructor(child) {
    this.#child = child;
  }

  #call(message) {
    const id = ++this.#next;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, ...message });
    });
  }

  #settle({ id, value, error }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new Error(error));
    else call?.resolve(value);
  }

  #fail() {
    for (const { reject } of this.#calls.values()) reject(new Error('the page server has ended'));
    this.#calls.clear();
  }

  target(to) { return this.#call({ op: 'target', to }); }
  fetch(url, init) { return this.#call({ op: 'fetch', url, init }); }
  reports() { return this.#call({ op: 'reports' }); }
  close() { return stop(this.#child); }
}
