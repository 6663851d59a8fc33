// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

(async () => {
const words = JSON.parse(document.querySelector('main').dataset.words);
const state = document.getElementById('state'), steps = document.getElementById('steps'), says = document.getElementById('says');
for (const t of document.querySelectorAll('time')) {
  const d = new Date(t.dateTime);
  if (!isNaN(d)) t.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'full', timeStyle: 'short' }).format(d);
}
const sleep = ms => new Promise(done => setTimeout(done, ms));
const item = (list, text) => list.appendChild(Object.assign(document.createElement('li'), { textContent: text }));
const step = name => { const li = item(steps, words[name] + ' …'); return () => { li.textContent = words[name] + ' ✓'; }; };
const base = location.pathname.replace(/\/$/, '') + '/runs';
const call = async (path, body) => {
  const r = await fetch(base + path + '?lang=' + document.documentElement.lang, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'omit' });
  if (!r.ok) throw Object.assign(new Error(), { status: r.status });
  return r.json();
};
const LARGE = 1100;

// media makes one connection to the server over one protocol.
const media = async (run, over, ms) => {
  const began = performance.now(), pc = new RTCPeerConnection();
  const out = { over, state: 'new', largest_bytes: 0, after_ms: 0 };
  try {
    const channel = pc.createDataChannel('echo', { ordered: false, maxRetransmits: 3 });
    channel.binaryType = 'arraybuffer';
    channel.onmessage = e => { out.largest_bytes = Math.max(out.largest_bytes, e.data.byteLength); };
    channel.onopen = async () => {
      for (let i = 0; i < 3; i++) { for (const n of [100, 600, LARGE]) if (channel.readyState === 'open') channel.send(new Uint8Array(n)); await sleep(150); }
    };
    await pc.setLocalDescription();
    const { sdp } = await call('/' + run + '/offer', { over, sdp: pc.localDescription.sdp });
    await pc.setRemoteDescription({ type: 'answer', sdp });
    while (performance.now() - began < ms && out.largest_bytes < LARGE && pc.connectionState !== 'failed') await sleep(50);
    while (performance.now() - began < ms && out.largest_bytes < LARGE) await sleep(50);
  } catch (e) { if (e.status) throw e; }
  out.state = pc.connectionState; out.after_ms = Math.round(performance.now() - began);
  pc.close();
  return out;
};

// server tries one ICE server by itself.
const server = async (s, ms, kinds) => {
  const out = { url: s.urls, found: false, code: 0, waited_ms: 0 };
  const began = performance.now();
  let pc;
  try {
    pc = new RTCPeerConnection({ iceServers: [s], iceTransportPolicy: /^turn/.test(s.urls) ? 'relay' : 'all' });
    pc.createDataChannel('echo');
    const ended = new Promise(done => {
      pc.onicegatheringstatechange = () => { if (pc.iceGatheringState === 'complete') done(); };
      pc.onicecandidate = e => {
        if (!e.candidate || !e.candidate.candidate) return;
        const c = e.candidate, kind = /\.local\b/.test(c.candidate) ? 'mdns' : c.protocol === 'tcp' ? 'tcp' : ['host', 'srflx', 'relay'].includes(c.type) ? c.type : 'other';
        kinds[kind] = (kinds[kind] || 0) + 1;
        if (c.type === 'srflx' || c.type === 'relay') { out.found = true; done(); }
      };
      pc.onicecandidateerror = e => { out.code = e.errorCode; };
    });
    await pc.setLocalDescription();
    await Promise.race([ended, sleep(ms)]);
  } catch { out.code = out.code || 701; }
  if (out.found) out.code = 0;
  out.waited_ms = Math.round(performance.now() - began);
  pc?.close();
  return out;
};

const permission = async name => { try { return (await navigator.permissions.query({ name })).state; } catch { return undefined; } };
// A socket that nothing listens to is closed when memory is tidied up (WHATWG WebSockets, section 7).
const socket = run => { try { new WebSocket(location.origin.replace(/^http/, 'ws') + base + '/' + run + '/socket').onclose = () => {}; } catch {} };

try {
  state.textContent = words.running;
  const { run, ice_servers: servers } = await call('', {});
  socket(run);
  const found = { tries: [], servers: [], candidates: {} };
  if (typeof RTCPeerConnection === 'function') {
    let done = step('udp');
    found.tries.push(await media(run, 'udp', 5000)); done();
    done = step('tcp');
    found.tries.push(await media(run, 'tcp', 4500)); done();
    if (servers.length) {
      done = step('servers');
      // At once: each is waited for as long as its silence needs to say something.
      found.servers = await Promise.all(servers.map(s => server(s, 6000, found.candidates)));
      done();
    }
  }
  found.secure_context = isSecureContext; found.online = navigator.onLine;
  found.permissions = { camera: await permission('camera'), microphone: await permission('microphone') };
  try { found.devices = [...new Set((await navigator.mediaDevices.enumerateDevices()).map(d => d.kind))]; } catch {}
  const where = document.getElementById('where');
  const chosen = () => where.querySelector(':checked');
  if (!chosen()) state.textContent = words.question;
  for (const until = performance.now() + 20_000; !chosen() && performance.now() < until;) await sleep(100);
  where.disabled = true;
  state.textContent = words.running;
  found.network = chosen()?.value ?? '';
  const told = await call('/' + run + '/findings', found);
  state.textContent = words.done;
  for (const line of told.says) item(says, line);
} catch (e) {
  state.textContent = e.status === 410 || e.status === 404 ? words.ended : e.status === 429 ? words.busy : words.failed;
}
})();
