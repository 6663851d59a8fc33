// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * What only this device knows of its failures, and telling the server: errors of
 * candidates, the life of the page, devices it did not get. docs/witness.md has
 * every fact. A report is a snapshot of all of it, so that a lost one costs nothing.
 */

type Moment = { what: string; at: number };
type CandidateError = { url: string; code: number; text: string; count: number; at: number };

interface Path {
  pc: RTCPeerConnection;
  credentials?: { ufrag: string; pwd: string };
  found: Record<string, number>;
  errors: CandidateError[];
  changes: Moment[];
  used: Record<string, string | undefined>; // of the pair in use
}

const quiet = 3_000; // ms between two reports
const retries = [5_000, 15_000, 60_000]; // ms until a report that did not arrive is made again

const last = <T>(list: T[], most: number) => list.splice(0, list.length - most);

export class Witness {
  #url: string | undefined;
  readonly #by: string;
  readonly #page = Math.random().toString(36).slice(2, 10);
  readonly #loaded = Date.now();
  readonly #send = globalThis.fetch?.bind(globalThis);
  readonly #paths: Path[] = [];
  readonly #lifecycle: Moment[] = [];
  readonly #captures: object[] = [];
  readonly #permissions: Record<string, string> = {};
  #tracks: MediaStreamTrack[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = 0; // when the timer runs out
  #sent = 0;
  #told = "";
  #failed = 0;

  /** Observes under the name of a program. */
  constructor(by: string) {
    this.#by = by;
    if (typeof document !== "undefined") this.#watchPage();
  }

  /** Says which server is told, by its base address, such as "https://rtc.example.org/". */
  reportTo(base: string | URL): void {
    this.#url = String(new URL("api/v1/witness", base));
  }

  /** Observes a connection from now on. */
  watch(pc: RTCPeerConnection): void {
    const path: Path = { pc, found: {}, errors: [], changes: [], used: {} };
    this.#paths.push(path);
    while (this.#paths.length > 8) this.#paths.splice(Math.max(0, this.#paths.findIndex((p) => p.pc.signalingState === "closed")), 1);
    pc.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate?.candidate) return;
      const count = (kind: string) => { path.found[kind] = (path.found[kind] ?? 0) + 1; };
      const { type, protocol } = candidate;
      count(type === "host" || type === "srflx" || type === "relay" ? type : "other");
      if (protocol === "tcp") count("tcp");
      if (candidate.candidate.includes(".local ")) count("mdns");
    });
    pc.addEventListener("icecandidateerror", ({ url, errorCode: code, errorText: text }) => {
      let error = path.errors.find((e) => e.url === url && e.code === code);
      if (!error) path.errors.push((error = { url, code, text, count: 0, at: 0 }));
      error.count++;
      error.at = Date.now();
      last(path.errors, 6);
      this.tell();
    });
    for (const what of ["iceConnectionState", "connectionState"] as const) {
      pc.addEventListener(what.toLowerCase() + "change", () => {
        const state = pc[what];
        path.changes.push({ what: (what[0] === "i" ? "ice " : "") + state, at: Date.now() });
        last(path.changes, 8);
        if (state !== "connected") {
          if (state === "failed" || state === "disconnected") this.tell();
          return;
        }
        this.#look(path);
      });
    }
  }

  /** Finds out which pair a connected path uses. A browser's statistics can be some ms old and know of none yet. */
  #look(path: Path, again = 5): void {
    void path.pc.getStats().then((stats) => {
      let found = false;
      stats.forEach((s) => {
        // Firefox marks the pair itself.
        const pair = s.type === "transport" ? stats.get(s.selectedCandidatePairId) : s.selected && s;
        const own = pair && stats.get(pair.localCandidateId);
        if (!own) return;
        found = true;
        path.used = { protocol: own.protocol, relay: own.relayProtocol, local: own.candidateType };
      });
      if (!found && again > 0) setTimeout(() => this.#look(path, again - 1), 200);
      this.tell();
    }, () => {});
  }

  /** Observes a request for devices, of "audio", "video", "audio,video" or "screen", and gives what it gives. */
  asked<T>(kind: string, request: Promise<T>): Promise<T> {
    const began = Date.now();
    return request.then((stream) => {
      this.got(kind, began, stream);
      return stream;
    }, (error: unknown) => {
      this.refused(kind, began, error);
      throw error;
    });
  }

  /** Hears that devices were not given that had been asked for at a time. */
  refused(kind: string, began: number, error: unknown): void {
    const at = Date.now();
    const { name, message } = Object(error) as { name?: unknown; message?: unknown };
    this.#captures.push({ kind, error: String(name), text: String(message).slice(0, 120), after_ms: at - began, at });
    last(this.#captures, 6);
    this.tell();
  }

  /** Hears of a stream of this device's own, asked for at a time. Chromium can give one device alone where a policy forbids the other. */
  got(kinds: string, began: number, stream: unknown): void {
    const tracks = (stream as MediaStream | undefined)?.getTracks?.() ?? [];
    for (const kind of ["audio", "video"]) {
      if (kinds.includes(kind) && !tracks.some((track) => track.kind === kind)) this.refused(kind, began, { name: "MissingTrack", message: "the stream has none" });
    }
    for (const track of tracks) {
      this.#tracks.push(track);
      for (const what of ["mute", "unmute", "ended"]) track.addEventListener(what, () => this.#noticed(`${track.kind} ${what}`));
    }
    if (tracks.length > 0) this.tell(); // what was told before has them missing
  }

  /** Makes a report soon, as something happened. */
  tell(): void {
    this.#in(Math.max(200, this.#sent + quiet - Date.now()));
  }

  /** Makes a report in some ms, or earlier where one is due. */
  #in(wait: number): void {
    const due = Date.now() + wait;
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#report(), wait);
  }

  #noticed(what: string, at = Date.now()): void {
    this.#lifecycle.push({ what, at });
    last(this.#lifecycle, 12);
    this.tell();
  }

  #watchPage(): void {
    for (const name of ["visibilitychange", "freeze", "resume", "pagehide", "pageshow", "online", "offline"]) {
      (name[0] === "p" || name[0] === "o" ? window : document).addEventListener(name, (event) => {
        if (name === "pageshow" && !(event as PageTransitionEvent).persisted) return; // it was loaded, and that is known
        this.#noticed(name[0] === "v" ? document.visibilityState : name);
        if (name === "freeze" || name === "pagehide") this.#report(true);
        else if (document.hidden) this.#report();
      });
    }
    for (const name of ["camera", "microphone"]) {
      navigator.permissions?.query({ name: name as PermissionName }).then((status) => {
        const keep = () => { this.#permissions[name] = status.state; };
        keep();
        status.onchange = keep;
      }, () => {}); // not every browser knows these names
    }
    // Whoever stopped this page, its clock stood still. Timers of hidden pages run once a minute.
    let ran = Date.now();
    setInterval(() => {
      const now = Date.now();
      if (now - ran > (document.hidden ? 65_000 : 6_000)) {
        this.#noticed("stopped", ran);
        this.#noticed("started");
      }
      ran = now;
    }, 1000);
  }

  #facts(): object {
    const facts: Record<string, unknown> = {
      page: this.#page, loaded: this.#loaded, captures: this.#captures, lifecycle: this.#lifecycle, permissions: this.#permissions,
      secure_context: globalThis.isSecureContext, online: globalThis.navigator?.onLine,
    };
    const { connection } = (globalThis.navigator ?? {}) as { connection?: { type?: string; effectiveType?: string } };
    if (connection) facts.network = [connection.type, connection.effectiveType].filter(Boolean).join(" ");
    if (typeof document !== "undefined") {
      facts.framed = window.top !== window;
      facts.visibility = document.visibilityState;
      const policy = (document as unknown as { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
      if (policy) facts.policy = Object.fromEntries(["camera", "microphone", "display-capture"].map((name) => [name, policy.allowsFeature(name)]));
    }
    this.#tracks = this.#tracks.filter((t) => t.readyState === "live");
    const live = (kind: string) => this.#tracks.filter((t) => t.kind === kind).length;
    facts.live = { audio: live("audio"), video: live("video") };
    facts.paths = this.#paths.slice(-4).map(({ pc, found, errors, changes, used }) => {
      const servers = { stun: 0, turn: 0 };
      for (const { urls } of pc.getConfiguration().iceServers ?? []) {
        for (const url of [urls].flat()) servers[url.startsWith("turn") ? "turn" : "stun"]++;
      }
      return { state: pc.connectionState, ice: pc.iceConnectionState, found, servers, errors, changes, ...used };
    });
    return facts;
  }

  /** The server's end of each connection has credentials that nobody else was given. */
  #credentials(): object[] {
    return this.#paths.flatMap((path) => {
      const of = (name: string) => new RegExp(`^a=ice-${name}:(.*?)\\r?$`, "m").exec(path.pc.remoteDescription?.sdp ?? "")?.[1];
      const ufrag = of("ufrag"), pwd = of("pwd");
      if (ufrag && pwd) path.credentials = { ufrag, pwd };
      return path.credentials ?? [];
    });
  }

  #report(leaving = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const credentials = this.#credentials();
    if (!this.#url) return;
    if (credentials.length === 0) { // kept until somebody can know whose it is
      if (this.#paths.length > 0) this.#again();
      return;
    }
    const facts = this.#facts();
    const told = JSON.stringify(facts);
    if (told === this.#told) return;
    this.#told = told;
    const sent = (this.#sent = Date.now());
    const body = JSON.stringify({ sent, by: this.#by, credentials, facts });
    // A text is sent without a question to the server first (CORS).
    if (leaving && navigator.sendBeacon?.(this.#url, body)) return;
    this.#send?.(this.#url, { method: "POST", body, keepalive: true, credentials: "omit" }).then((answer) => {
      if (answer.ok) this.#failed = 0;
      else if (answer.status === 429 || answer.status >= 500) this.#again();
    }, () => this.#again());
  }

  #again(): void {
    const wait = retries[this.#failed++];
    if (wait === undefined) {
      this.#failed = 0; // the next thing that happens is told all the same
      return;
    }
    this.#told = "";
    this.#in(wait);
  }
}

let own: Witness | undefined;

/** The witness of this library; none where the page has one, which sees what the library does. */
export function witness(): Witness | undefined {
  if ("redialWitness" in globalThis) return undefined;
  return (own ??= new Witness("core"));
}
