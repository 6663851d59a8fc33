// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A relay stands between people and a server as the networks of the world do:
// it carries TCP, and it can be cut. What is cut is reset, as when a network
// changes, and nothing listens until it is whole again.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Address } from './world.ts';

export class Relay {
  readonly server: Address;
  readonly mute: boolean;
  #server!: Server; #sockets = new Set<Socket>(); #port = 0;

  constructor(server: Address, mute: boolean) {
    this.server = server;
    this.mute = mute;
  }

  // open listens on loopback and carries to a server's port; one that is mute
  // takes connections and carries nothing.
  static async open(server: Address, { mute = false } = {}): Promise<Relay> {
    const relay = new Relay(server, mute);
    await relay.heal();
    return relay;
  }

  // init is what an app passes as its initEndpoint to come through the relay.
  get init(): string { return this.server.init.replace(`:${this.server.port}`, `:${this.#port}`); }

  async heal() {
    this.#server = createServer(near => {
      if (this.mute) {
        this.#sockets.add(near);
        near.on('error', () => {});
        return;
      }
      const far = connect(this.server.port, '127.0.0.1');
      const both = [near, far];
      for (const [socket, other] of [both, [...both].reverse()]) {
        this.#sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  // drop resets the connections there are; new ones are carried.
  drop() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  // cut resets the connections and listens no more, until heal.
  async cut() {
    const closed = new Promise(resolve => this.#server.close(resolve));
    this.drop();
    await closed;
  }

  close() { return this.#server.listening ? this.cut() : undefined; }
}
