// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The site is a child process beside the server: it serves the bare page on a
// loopback origin, answers as the SDK's hard-coded report host over TLS and
// passes those reports on to the server, and fetches on the harness's behalf
// (it may live in a network namespace the harness cannot reach).
import { createServer, type Server } from 'node:http';
import { createServer as createTLSServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { patience } from '../lib/patience.ts';
import type { Answer, Call, Report } from '../lib/site.ts';

const [pageDir, certDir] = process.argv.slice(2);
const types: Record<string, string> = { css: 'text/css; charset=utf-8', html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8' };

let target = '';
const reports: Report[] = [];

const pages = createServer(async (req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '', 'http://x');
  const name = pathname.slice(1) || 'index.html';
  const policy = searchParams.get('policy'); // what the page may not do
  const first = searchParams.get('first'); // a script of the server's ahead of all others, as the page's author would add it
  if (!/^[a-z]+\.(css|html|js)$/.test(name)) {
    res.writeHead(404).end();
    return;
  }
  try {
    const body = await readFile(`${pageDir}/${name}`);
    res.writeHead(200, { 'Content-Type': types[name.split('.')[1]], ...(policy ? { 'Permissions-Policy': policy } : {}) });
    res.end(first ? body.toString().replace('<script', `<script src="${target}/${first}"></script>\n<script`) : body);
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
      const headers = { ...req.headers } as Record<string, string>;
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
      sent = JSON.parse(body.toString());
    } catch {
      // A preflight, or not a report.
    }
    reports.push({
      at: Date.now(), method: req.method ?? '', path: req.url ?? '', status,
      event: sent?.event, peer: sent?.peer?.peer_id, code: sent?.payload?.error_code,
    });
  });

// To a browser that cannot be told where a host is, the page server is a proxy that
// knows this one.
pages.on('connect', (_req, near) => {
  const far = connect(tls, '127.0.0.1', () => near.write('HTTP/1.1 200 Connection established\r\n\r\n'));
  near.pipe(far).pipe(near);
  for (const [socket, other] of [[near, far], [far, near]]) socket.on('error', () => other.destroy());
});

const listen = (s: Server) => new Promise<number>(resolve => s.listen(0, '127.0.0.1', () => resolve((s.address() as AddressInfo).port)));
const [page, tls] = [await listen(pages), await listen(host)];

const reply = (answer: Answer) => process.send!(answer);
process.on('message', async (call: Call) => {
  const { id } = call;
  try {
    if (call.op === 'target') target = call.to;
    if (call.op === 'fetch') {
      const r = await fetch(call.url, { ...call.init, signal: AbortSignal.timeout(Math.ceil(10_000 * patience())) });
      reply({ id, value: { status: r.status, headers: Object.fromEntries(r.headers), body: await r.text() } });
      return;
    }
    reply({ id, value: call.op === 'reports' ? reports : true });
  } catch (e) {
    const { message, cause } = e as Error;
    reply({ id, error: `${message}${cause ? `: ${(cause as Error).message}` : ''}` });
  }
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: { page, tls } });
