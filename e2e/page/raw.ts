// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Frames of the wire at /sceenic as a program of somebody else's may send them: in
// any order, and none that it does not want to send.
export interface Answer { result?: any; error?: any; at: number; id: string }

export class RawDoor {
  #socket: WebSocket; #next = 0; #calls = new Map<number, (frame: any) => void>(); #pc?: RTCPeerConnection;
  id = '';
  readonly told: string[] = []; // methods of notifications

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = e => {
      const frame = JSON.parse(e.data);
      if (frame.method) this.told.push(frame.method);
      this.#calls.get(frame.id)?.(frame);
      this.#calls.delete(frame.id);
    };
  }

  static async open(url: string) {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
    return new RawDoor(socket);
  }

  // call returns the answer, whether it is a result or an error, when it came and who
  // this is.
  call(method: string, params: object = {}): Promise<Answer> {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise(resolve => {
      this.#calls.set(id, ({ result, error }) => resolve({ result, error, at: Date.now(), id: this.id }));
    });
  }

  async join(token: string, participantName: string, more: object = {}) {
    const answer = await this.call('joinRoom', { token, participantName, ...more });
    this.id = answer.result?.id ?? '';
    return answer;
  }

  // vanish publishes sound and closes the connection for it without a word: what was
  // announced stays so, and nothing comes. It returns once the server has noticed.
  async vanish(probe: RawDoor) {
    const pc = new RTCPeerConnection();
    pc.addTrack(new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0]);
    await pc.setLocalDescription(await pc.createOffer());
    const { result, error } = await this.call('publishVideo', { sdpOffer: pc.localDescription!.sdp, hasAudio: true, hasVideo: false, audioActive: true });
    if (error) throw new Error(JSON.stringify(error));
    const connected = new Promise<void>(resolve => { pc.onconnectionstatechange = () => { if (pc.connectionState === 'connected') resolve(); }; });
    await pc.setRemoteDescription({ type: 'answer', sdp: result.sdpAnswer });
    await connected;
    pc.close();
    const pause = (ms: number) => new Promise<'waits'>(resolve => setTimeout(resolve, ms, 'waits'));
    // A stream without media is offered to nobody until there is some.
    while (await Promise.race([probe.call('prepareReceiveVideoFrom', { sender: this.id }), pause(1000)]) !== 'waits') {
      await probe.call('unsubscribeFromVideo', { sender: this.id });
      await pause(100);
    }
    probe.close();
  }

  // answer answers an offer of the server, and returns what that came to.
  async answer(sender: string, sdpOffer: string) {
    const pc = this.#pc = new RTCPeerConnection();
    await pc.setRemoteDescription({ type: 'offer', sdp: sdpOffer });
    const answer = await pc.createAnswer();
    await pc.setLocalDescription(answer);
    return this.call('receiveVideoFrom', { sender, sdpAnswer: answer.sdp });
  }

  // drop closes the socket without a word of goodbye.
  drop() { this.#socket.close(); }

  close() {
    this.#socket.close(1000);
    this.#pc?.close();
  }
}
