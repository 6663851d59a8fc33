// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * One call on one HMSReactiveStore: preview, join, leave, and how it ended.
 *
 * A call is used once. To try again, make a new one: the SDK keeps state after
 * a failure, and a join() that hangs cannot be taken back.
 */
import {
  HMSLogLevel,
  HMSNotificationTypes,
  HMSReactiveStore,
  selectConnectionQualityByPeerID,
  selectIsConnectedToRoom,
  selectIsLocalAudioEnabled,
  selectIsLocalVideoEnabled,
  selectLocalMediaSettings,
  selectLocalPeer,
  selectLocalPeerID,
  selectSessionId,
  type HMSActions,
  type HMSException,
  type HMSStoreWrapper,
} from "@100mslive/hms-video-store";
import { paths, reports } from "./boot";
import { Cell, Emitter } from "./emitter";
import { initEndpoint, readToken, type TokenContent } from "./link";
import { spoken, type Problem, type Problems, type Status } from "./problems";
import type { Report } from "./report-redirect";

/** How far a call has come. */
export type Stage =
  | "opening" // preview() runs
  | "preview" // the camera picture is there, nothing is published
  | "joining" // join() runs
  | "joined"
  | "over";

/** Why a call is over. */
export interface Over {
  reason: "left" | "removed" | "ended" | "failed";
  by: string; // who ended it, or ""
  text: string; // what they said, or ""
  problem: Problem | null; // when it failed
}

export interface CallState {
  stage: Stage;
  reconnecting: Problem | null; // while the SDK tries to get back in
  blocked: boolean; // the server says that no sound and no picture comes through, whatever the SDK thinks
  up: boolean; // media connections are up; also while there are none yet
  late: boolean; // the SDK has not come further for longer than it should need
  over: Over | null;
}

/** A small remark that needs no answer. */
export interface Remark {
  text: string;
  action?: { label: string; run: () => void };
}

/** Which devices to start with; kept from one call to the next. */
export interface Media {
  audioOn: boolean;
  videoOn: boolean;
  audioInputDeviceId?: string;
  videoDeviceId?: string;
  audioOutputDeviceId?: string;
}

/** Said to the others when nobody typed a reason; our own page does not repeat it. */
export const endedReason = "The call was ended";
export const removedReason = "Removed from the call";

const patience = 20_000; // ms; past this a step of the SDK is called late

/** What the SDK itself would say if it noticed. */
const nothingComesThrough = {
  code: 4005,
  name: "ICEFailure",
  message: "The server gets no sound and no picture through",
  description: "",
  action: "PUBLISH",
  isTerminal: false,
  fault: "ice.slow",
};

let calls = 0;

export class Call {
  readonly id = ++calls;
  readonly hms = new HMSReactiveStore();
  readonly store: HMSStoreWrapper = this.hms.getStore();
  readonly actions: HMSActions = this.hms.getActions();
  readonly state = new Cell<CallState>({ stage: "opening", reconnecting: null, blocked: false, up: true, late: false, over: null });
  readonly remarks = new Emitter<Remark>();
  readonly token: TokenContent;

  private readonly startedAt = Date.now();
  private readonly stops: (() => void)[] = [];
  private late: number | undefined;
  private leaving = false;
  private kept: Media | null = null; // what was on last; the store forgets it when the call is over
  private peerId = "";
  private sessionId = "";

  constructor(
    private readonly authToken: string,
    readonly problems: Problems,
  ) {
    this.token = readToken(authToken) ?? { roomId: "", role: "", userId: "", expires: null };
    this.actions.setLogLevel(HMSLogLevel.WARN);
    this.stops.push(
      this.hms.getNotifications().onNotification((n) => this.notified(n.type as HMSNotificationTypes, n.data)),
      this.store.subscribe((on) => on && this.connected(), selectIsConnectedToRoom),
      // The store forgets both when the call is over, which is when they are wanted.
      this.store.subscribe((id) => (this.peerId = id || this.peerId), selectLocalPeerID),
      this.store.subscribe((id) => (this.sessionId = id || this.sessionId), selectSessionId),
      this.store.subscribe((score) => this.rated(score), (state) => selectConnectionQualityByPeerID(this.peerId)(state)?.downlinkQuality),
      this.store.subscribe(() => this.keep(), selectIsLocalAudioEnabled),
      this.store.subscribe(() => this.keep(), selectIsLocalVideoEnabled),
      this.store.subscribe(() => this.keep(), selectLocalMediaSettings),
      reports.on((report) => this.reported(report)),
      paths.up.on((up) => this.carries(up)),
    );
    // What goes wrong inside the SDK while nobody waits for it, such as handling
    // a message of the server, rejects into the void.
    const stray = (event: PromiseRejectionEvent) => {
      const error = event.reason as { code?: unknown; action?: unknown } | null;
      if (typeof error?.code === "number" && typeof error.action === "string") this.add(error);
    };
    addEventListener("unhandledrejection", stray);
    this.stops.push(() => removeEventListener("unhandledrejection", stray));
  }

  /** Opens camera and microphone and asks the server whether we may come in. */
  async preview(name: string, media: Media): Promise<void> {
    this.wait();
    try {
      await this.actions.preview({ ...this.config(name), settings: settings(media) });
      this.advance("preview");
    } catch (error) {
      this.failed(error);
    } finally {
      this.arrived();
    }
  }

  /** Goes into the room. A preview comes first: it has made the connection. */
  async join(name: string): Promise<void> {
    this.advance("joining");
    this.wait();
    try {
      await this.actions.join(this.config(name));
      this.connected();
    } catch (error) {
      this.failed(error);
    } finally {
      this.arrived();
    }
  }

  /**
   * Goes straight into the room. It previews all the same, because a join()
   * that cannot reach the server never settles, whereas preview() rejects.
   */
  async enter(name: string, media: Media): Promise<void> {
    await this.preview(name, media);
    if (!this.state.value.over) await this.join(name);
  }

  async leave(): Promise<void> {
    this.leaving = true;
    this.finish({ reason: "left", by: "", text: "", problem: null });
    await this.actions.leave();
  }

  /** Ends the call for everybody. */
  async end(lock: boolean): Promise<void> {
    this.leaving = true;
    await this.run(() => this.actions.endRoom(lock, endedReason));
    // endRoom() swallows its error; the store tells whether it worked.
    if (this.store.getState(selectIsConnectedToRoom)) {
      this.leaving = false;
      this.remark("The call could not be ended");
    } else {
      this.finish({ reason: "ended", by: "you", text: "", problem: null });
    }
  }

  /** Runs an action of the SDK; what it throws becomes a problem. */
  async run(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.add(error);
      return false;
    }
  }

  remark(text: string, action?: Remark["action"]): void {
    this.remarks.emit(action ? { text, action } : { text });
  }

  /** What is on, or was when the call ended; null when nothing ever was. */
  media(): Media | null {
    return this.kept;
  }

  private keep(): void {
    if (this.state.value.over || !this.store.getState(selectLocalPeer)) return;
    const chosen = this.store.getState(selectLocalMediaSettings);
    this.kept = {
      audioOn: this.store.getState(selectIsLocalAudioEnabled),
      videoOn: this.store.getState(selectIsLocalVideoEnabled),
      ...(chosen.audioInputDeviceId ? { audioInputDeviceId: chosen.audioInputDeviceId } : {}),
      ...(chosen.videoInputDeviceId ? { videoDeviceId: chosen.videoInputDeviceId } : {}),
      ...(chosen.audioOutputDeviceId ? { audioOutputDeviceId: chosen.audioOutputDeviceId } : {}),
    };
  }

  /** Lets go of everything. A call that is over needs nothing else. */
  dispose(): void {
    for (const stop of this.stops) stop();
    window.clearTimeout(this.late);
  }

  private config(name: string) {
    return { userName: name, authToken: this.authToken, initEndpoint: initEndpoint(), rememberDeviceSelection: true, autoManageWakeLock: true };
  }

  private notified(type: HMSNotificationTypes, data: unknown): void {
    switch (type) {
      case HMSNotificationTypes.ERROR: {
        const problem = this.add(data);
        if (problem.terminal) this.finish({ reason: "failed", by: "", text: "", problem });
        break;
      }
      case HMSNotificationTypes.RECONNECTING:
        this.state.update((s) => ({ ...s, reconnecting: this.add(data, "retrying") }));
        break;
      case HMSNotificationTypes.RECONNECTED:
        this.state.update((s) => ({ ...s, reconnecting: null }));
        this.recovered();
        break;
      case HMSNotificationTypes.REMOVED_FROM_ROOM:
      case HMSNotificationTypes.ROOM_ENDED: {
        const request = data as { roomEnded?: boolean; reason?: string; requestedBy?: { name?: string } };
        this.finish({
          reason: request.roomEnded ? "ended" : "removed",
          by: request.requestedBy?.name ?? "",
          text: request.reason ?? "",
          problem: null,
        });
        break;
      }
      case HMSNotificationTypes.PEER_JOINED:
        this.remark(`${(data as { name: string }).name || "Somebody"} joined`);
        break;
      case HMSNotificationTypes.PEER_LEFT:
        this.remark(`${(data as { name: string }).name || "Somebody"} left`);
        break;
      case HMSNotificationTypes.CHANGE_TRACK_STATE_REQUEST: {
        const request = data as { enabled: boolean; track: { id: string; type: string }; requestedBy?: { name: string } };
        this.askedTo(request.enabled, request.track.type === "audio" ? "microphone" : "camera", request.requestedBy?.name, [request.track.id]);
        break;
      }
      case HMSNotificationTypes.CHANGE_MULTI_TRACK_STATE_REQUEST: {
        const request = data as { enabled: boolean; type?: string; tracks: { id: string }[]; requestedBy?: { name: string } };
        const what = request.type === "audio" ? "microphone" : request.type === "video" ? "camera" : "microphone and camera";
        this.askedTo(request.enabled, what, request.requestedBy?.name, request.tracks.map((t) => t.id));
        break;
      }
      case HMSNotificationTypes.DEVICE_CHANGE_UPDATE: {
        const change = data as { error?: HMSException; selection?: { label?: string } } | undefined;
        if (change?.error) this.add(change.error);
        break;
      }
      case HMSNotificationTypes.TRACK_INTERRUPTION_START:
        this.remark(`Your ${(data as { type: string }).type === "audio" ? "microphone" : "camera"} was taken by another app`);
        break;
    }
  }

  /** Being muted happens at once; being asked to speak up needs a yes. */
  private askedTo(on: boolean, what: string, by: string | undefined, tracks: string[]): void {
    const who = by ?? "The host";
    if (!on) {
      this.remark(`${who} turned off your ${what}`);
      return;
    }
    this.remark(`${who} asks you to turn on your ${what}`, {
      label: "Turn on",
      run: () => tracks.forEach((id) => void this.run(() => this.actions.setEnabledTrack(id, true))),
    });
  }

  /**
   * A report on its way to the server. It is the only sign of a first
   * connection that failed without ending: join() stays pending then.
   */
  private reported(report: Report): void {
    const e = report.payload;
    if (!e?.error_code || report.timestamp < this.startedAt || this.state.value.over) return;
    const waiting = this.state.value.stage === "opening" || this.state.value.stage === "joining";
    if (!waiting || report.event !== "connect.failed") return; // all others arrive as notifications too
    this.peerId = report.peer?.peer_id || this.peerId;
    this.add(
      {
        code: e.error_code,
        name: e.error_name,
        message: e.error_message,
        description: e.error_description,
        action: e.action ?? "",
        isTerminal: e.is_terminal,
      },
      "retrying",
    );
  }

  private add(error: unknown, status: Status = "open"): Problem {
    const where = { roomId: this.token.roomId, userId: this.token.userId, peerId: this.peerId, sessionId: this.sessionId };
    const said = spoken(error);
    if (said.code === null && said.name !== "HMSException") console.error(error);
    return this.problems.add(said, where, status);
  }

  /** preview() or join() rejected. Whatever the error says of itself, without a room this call is over. */
  private failed(error: unknown): void {
    const over = this.state.value.over;
    const problem = this.add(error);
    // Inside the room with tracks that could not be published: the call goes on.
    if (this.store.getState(selectIsConnectedToRoom) && !problem.terminal) return;
    if (over === null) void this.actions.leave(); // lets go of the camera
    if (over === null) this.finish({ reason: "failed", by: "", text: "", problem });
    else if (over.reason === "failed") this.state.update((s) => ({ ...s, over: { ...over, problem } }));
  }

  /** The server's score of our connection: 0 is that nothing comes through. The SDK forgets it at times. */
  private rated(score: unknown): void {
    if (typeof score !== "number" || score < 0 || this.state.value.over) return;
    const blocked = score === 0;
    if (blocked === this.state.value.blocked) return;
    this.state.update((s) => ({ ...s, blocked }));
    if (blocked) this.add(nothingComesThrough, "retrying");
    else this.recovered();
  }

  /** Whether media connections are up, as the browser knows. */
  private carries(up: boolean): void {
    if (this.state.value.over || up === this.state.value.up) return;
    this.state.update((s) => ({ ...s, up }));
    this.recovered();
  }

  /** What was being retried is over, if the call works indeed: signalling alone is none. */
  private recovered(): void {
    paths.look();
    const { reconnecting, blocked, up } = this.state.value;
    if (!reconnecting && !blocked && up) this.problems.recovered();
  }

  private connected(): void {
    if (this.state.value.over || this.state.value.stage === "joined") return;
    this.advance("joined");
    this.recovered();
  }

  private advance(stage: Stage): void {
    this.state.update((s) => (s.over ? s : { ...s, stage }));
  }

  private finish(over: Over): void {
    if (this.state.value.over) return;
    if (this.leaving && over.reason === "failed") return; // leaving is what we wanted
    this.arrived();
    this.problems.over();
    this.state.set({ stage: "over", reconnecting: null, blocked: false, up: true, late: false, over });
  }

  private wait(): void {
    window.clearTimeout(this.late);
    this.late = window.setTimeout(() => this.state.update((s) => ({ ...s, late: true })), patience);
  }

  private arrived(): void {
    window.clearTimeout(this.late);
    this.state.update((s) => (s.late ? { ...s, late: false } : s));
  }
}

function settings(media: Media) {
  return {
    isAudioMuted: !media.audioOn,
    isVideoMuted: !media.videoOn,
    ...(media.audioInputDeviceId ? { audioInputDeviceId: media.audioInputDeviceId } : {}),
    ...(media.audioOutputDeviceId ? { audioOutputDeviceId: media.audioOutputDeviceId } : {}),
    ...(media.videoDeviceId ? { videoDeviceId: media.videoDeviceId } : {}),
  };
}
