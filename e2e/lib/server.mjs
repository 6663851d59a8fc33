// One `redial dev` process and what it said when it was ready.
import { start, stop } from './process.mjs';

export class Server {
  constructor({ bin, data, log, netns }) {
    Object.assign(this, { bin, data, log, netns, address: '127.0.0.1:0', starts: 0 });
  }

  // start runs the server and waits for its line of JSON. A second start keeps
  // the port of the first, as a restarted service does.
  async start() {
    const args = ['dev', '-json', '-http', this.address, '-udp', '127.0.0.1:0', '-data', this.data];
    const began = Date.now();
    let ready;
    const said = new Promise(resolve => { ready = resolve; });
    this.process = start(this.bin, args, {
      netns: this.netns,
      log: this.log,
      onLine: line => { if (line.startsWith('{"') && line.includes('"management_token"')) ready(JSON.parse(line)); },
    });
    const timeout = new Promise((_, reject) => setTimeout(() => reject(new Error(`the server said nothing for 15 s; see ${this.log}`)), 15_000).unref());
    this.info = await Promise.race([said, timeout, this.process.ended.then(({ code, signal, error }) => {
      throw new Error(`the server ended before it was ready (${error?.message || code || signal}); see ${this.log}`);
    })]);
    this.readyMs = Date.now() - began;
    this.starts++;
    const http = this.info.http.includes('://') ? this.info.http : `http://${this.info.http}`;
    this.url = http.replace(/\/$/, '');
    this.port = Number(new URL(this.url).port);
    this.address = `127.0.0.1:${this.port}`;
    return this;
  }

  get init() { return this.info.init; }
  get managementToken() { return this.info.management_token; }

  kill() { return stop(this.process, { signal: 'SIGKILL' }); }
  stop() { return stop(this.process, { grace: 10_000 }); }
}
