// The server of a world: the package that apps test with, in a network of its own
// if need be and with its log in a file.
import { appendFileSync } from 'node:fs';
import { startRedial } from '../../web/testing/src/index.js';

export class Server {
  #redial;

  constructor({ bin, data, log, netns }) {
    Object.assign(this, { bin, data, log, netns });
  }

  // start runs the server. A second start comes back where the first one was, as
  // a restarted service does.
  async start() {
    if (this.#redial) {
      await this.#redial.restart();
    } else {
      this.#redial = await startRedial({
        binary: this.bin, dataDir: this.data, timeout: 30_000,
        command: this.netns ? ['ip', 'netns', 'exec', this.netns] : [],
        onLog: text => appendFileSync(this.log, text),
      });
    }
    const { url, initEndpoint: init, managementToken, accessKey, secret, rooms } = this.#redial;
    Object.assign(this, { url, init, managementToken, port: Number(new URL(url).port) });
    this.info = { access_key: accessKey, secret, rooms };
    return this;
  }

  kill() { return this.#redial?.kill(); }
  stop() { return this.#redial?.shutdown(); }
}
