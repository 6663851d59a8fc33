// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The default user interface of publishers and subscribers, with the class names that apps style. */
import { FaultId, type Operation } from "../../core/src";
import type { Target } from "./args";
import { isElement } from "./args";
import { invalid, OTError } from "./errors";
import type { SubscriberStyle, PublisherStyle, WidgetProperties } from "./types";

type Style = PublisherStyle & SubscriberStyle;

export const defaultStyle: Style = {
  audioLevelDisplayMode: "auto", backgroundImageURI: "", buttonDisplayMode: "auto", nameDisplayMode: "auto", videoDisabledDisplayMode: "auto",
  archiveStatusDisplayMode: "auto", audioBlockedDisplayMode: "auto",
};

const css = `
.OT_root{position:relative;overflow:hidden;background:#000;color:#fff;font:13px/1.4 system-ui,sans-serif;box-sizing:border-box}
.OT_widget-container{position:absolute;inset:0;overflow:hidden}
.OT_video-element{display:block;width:100%;height:100%;border:0}
.OT_fit-mode-cover .OT_video-element{object-fit:cover}
.OT_fit-mode-contain .OT_video-element{object-fit:contain}
.OT_mirrored .OT_video-element{transform:scale(-1,1)}
.OT_video-poster{position:absolute;inset:0;background:center/auto 60% no-repeat;display:none}
.OT_audio-only .OT_video-poster,.OT_loading .OT_video-poster{display:block}
.OT_audio-only .OT_video-element{opacity:0}
.OT_edge-bar-item{position:absolute;opacity:0;transition:opacity .3s;margin:0;padding:0 8px;background:rgba(0,0,0,.55);z-index:2}
.OT_edge-bar-item.OT_mode-on,.OT_root:hover .OT_edge-bar-item.OT_mode-auto{opacity:1}
.OT_edge-bar-item.OT_mode-off{display:none}
.OT_name{left:0;right:0;top:0;height:32px;line-height:32px;font-size:13px;font-weight:400;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.OT_mute{right:0;top:0;height:32px;border:0;color:inherit;cursor:pointer;font:inherit}
.OT_mute.OT_active::after{content:" (off)"}
.OT_initials{position:absolute;inset:0;display:flex;align-items:center;justify-content:center;font-size:48px}
.OT_audio-level-meter{position:absolute;right:0;top:0;width:25%;min-width:21px;max-width:224px;aspect-ratio:1;overflow:hidden;display:none;pointer-events:none}
.OT_audio-level-meter.OT_mode-on,.OT_audio-only .OT_audio-level-meter.OT_mode-auto{display:block}
.OT_audio-level-meter__value{position:absolute;right:0;top:0;width:0;aspect-ratio:1;border-radius:50%;background:rgba(102,204,51,.8);transform:translate(50%,-50%)}
.OT_archiving{position:absolute;left:8px;bottom:8px;display:none}
.OT_archiving-on.OT_mode-on{display:block}
.OT_archiving-light-box{display:inline-block;width:8px;height:8px;border-radius:50%;background:#d33}
.OT_message{position:absolute;inset:auto 8px 8px;text-align:center;z-index:3;margin:0}
.OT_message:empty,.OT_audio-blocked-message{display:none}
.OT_audio-blocked .OT_audio-blocked-message.OT_mode-auto,.OT_audio-blocked .OT_audio-blocked-message.OT_mode-on{display:block;position:absolute;inset:auto 8px 8px;border:0;color:inherit;background:rgba(0,0,0,.7);font:inherit;cursor:pointer;z-index:3}
`;

const styled = new WeakSet<Document>();

/** Adds the styles in a layer, so that whatever the app says counts; by the object model, since pages may forbid style elements (CSP). */
function addStyles(): void {
  if (styled.has(document)) return;
  styled.add(document);
  const text = `@layer opentok{${css}}`;
  if ("adoptedStyleSheets" in document && "replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return;
  }
  const style = document.createElement("style");
  style.textContent = text;
  document.head.prepend(style);
}

export interface WidgetOptions extends WidgetProperties {
  kind: "publisher" | "subscriber";
  name: string;
  initials?: string;
  mirror: boolean;
  style: Partial<Style>;
}

/** Finds where to put a widget; fails with OT_INVALID_PARAMETER for an id that no element has. */
export function place(target: Target, operation: Operation): HTMLElement | undefined {
  if (target === undefined || target === null) return undefined;
  if (isElement(target)) return target;
  if (typeof target !== "string") throw invalid(operation, "targetElement", "an element or the id of one");
  const found = document.getElementById(target);
  if (!found) throw invalid(operation, "targetElement", `the id of an element; there is none with the id ${JSON.stringify(target.slice(0, 80))}`);
  return found;
}

let made = 0;

/** A new id for the root element of a widget. */
export const newId = () => `OT_${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}${made++}`;

export class Widget {
  readonly root: HTMLElement;
  readonly video: HTMLVideoElement;
  /** Somebody has pressed the mute button: what they want. */
  onMute: ((muted: boolean) => void) | undefined;
  /** Somebody wants to hear what the browser has blocked. */
  onUnblock: (() => void) | undefined;
  readonly #style: Style;
  readonly #part = new Map<string, HTMLElement>();

  constructor(target: HTMLElement | undefined, id: string, video: HTMLVideoElement, options: WidgetOptions) {
    addStyles();
    const { insertMode = "replace", fitMode = "cover", kind, name, mirror } = options;
    const replaces = target !== undefined && insertMode === "replace";
    this.root = replaces ? target : document.createElement("div");
    if (replaces) this.root.replaceChildren();
    this.root.id ||= id;
    this.root.classList.add("OT_root", `OT_${kind}`, "OT_loading", `OT_fit-mode-${fitMode}`);
    if (mirror) this.root.classList.add("OT_mirrored");
    this.root.style.width = css1(options.width ?? 264);
    this.root.style.height = css1(options.height ?? 198);
    this.root.style.overflow = "hidden";
    this.video = video;
    video.classList.add("OT_video-element");
    const container = this.#add("div", "OT_widget-container");
    const poster = this.#add("div", "OT_video-poster", container);
    if (options.initials) this.#add("span", "OT_initials", poster).textContent = options.initials;
    container.append(video);
    this.#add("h1", "OT_name OT_edge-bar-item").textContent = name;
    const mute = this.#add("button", "OT_mute OT_edge-bar-item");
    mute.setAttribute("type", "button");
    mute.textContent = kind === "publisher" ? "Microphone" : "Sound";
    mute.addEventListener("click", () => this.onMute?.(!mute.classList.contains("OT_active")));
    const meter = this.#add("div", "OT_audio-level-meter");
    this.#add("div", "OT_audio-level-meter__value", meter);
    if (kind === "publisher") this.#add("div", "OT_archiving OT_archiving-off").append(this.#add("span", "OT_archiving-light-box"));
    const blocked = this.#add("button", "OT_audio-blocked-message");
    blocked.setAttribute("type", "button");
    blocked.textContent = "Click to hear";
    blocked.addEventListener("click", () => this.onUnblock?.());
    this.#add("p", "OT_message").setAttribute("role", "status");
    const shown = options.showControls === false ? "off" as const : undefined;
    this.#style = { ...defaultStyle, ...(shown ? { buttonDisplayMode: shown, nameDisplayMode: shown, audioLevelDisplayMode: shown, archiveStatusDisplayMode: shown } : {}), ...options.style };
    this.#apply();
    if (!replaces) insert(this.root, target, insertMode);
  }

  get style(): Style {
    return { ...this.#style };
  }

  restyle(style: Partial<Style>): void {
    Object.assign(this.#style, style);
    this.#apply();
  }

  /** Media plays. */
  playing(): void {
    this.root.classList.remove("OT_loading");
  }

  /** Shows whether there is a picture. */
  pictured(on: boolean): void {
    this.root.classList.toggle("OT_audio-only", !on);
  }

  muted(on: boolean): void {
    this.#part.get("OT_mute")?.classList.toggle("OT_active", on);
  }

  blocked(on: boolean): void {
    this.root.classList.toggle("OT_audio-blocked", on);
  }

  archiving(on: boolean): void {
    const part = this.#part.get("OT_archiving");
    part?.classList.toggle("OT_archiving-on", on);
    part?.classList.toggle("OT_archiving-off", !on);
  }

  /** Whether the level of sound is shown. */
  get metered(): boolean {
    const mode = this.#style.audioLevelDisplayMode;
    return mode === "on" || mode === "auto" && this.root.classList.contains("OT_audio-only");
  }

  /** Shows a level of sound, from 0 to 1, as ears hear it: a quarter of a disc, from nothing at 30 dB below the loudest. */
  level(level: number): void {
    const heard = Math.min(1, Math.max(0, 1 + Math.log10(level) / 1.5));
    this.#part.get("OT_audio-level-meter__value")!.style.width = `${Math.round(200 * heard)}%`;
  }

  say(message: string): void {
    this.#part.get("OT_message")!.textContent = message;
  }

  remove(): void {
    this.root.remove();
  }

  #add(tag: string, classes: string, to: HTMLElement = this.root): HTMLElement {
    const element = document.createElement(tag);
    element.className = classes;
    this.#part.set(classes.split(" ")[0]!, element);
    to.append(element);
    return element;
  }

  #apply(): void {
    const mode = (part: string, value: string) => {
      const { classList } = this.#part.get(part) ?? {};
      classList?.remove("OT_mode-auto", "OT_mode-on", "OT_mode-off");
      classList?.add(`OT_mode-${value}`);
    };
    const s = this.#style;
    mode("OT_name", this.#part.get("OT_name")!.textContent ? s.nameDisplayMode : "off");
    mode("OT_mute", s.buttonDisplayMode);
    mode("OT_audio-level-meter", s.audioLevelDisplayMode);
    mode("OT_archiving", s.archiveStatusDisplayMode === "off" ? "off" : "on");
    mode("OT_audio-blocked-message", s.audioBlockedDisplayMode);
    this.#part.get("OT_video-poster")!.style.backgroundImage = s.backgroundImageURI ? `url(${JSON.stringify(s.backgroundImageURI)})` : "";
  }
}

function insert(root: HTMLElement, target: HTMLElement | undefined, mode: string): void {
  if (!target) document.body.append(root);
  else if (mode === "before") target.before(root);
  else if (mode === "after") target.after(root);
  else target.append(root);
}

const css1 = (length: string | number) => (typeof length === "number" || /^\d+(\.\d+)?$/.test(length) ? `${length}px` : length);

/** A video element that plays as soon as it can. */
export function videoElement(muted: boolean): HTMLVideoElement {
  const video = document.createElement("video");
  video.autoplay = true;
  video.playsInline = true;
  video.muted = muted;
  return video;
}

const elementFaults: Readonly<Record<number, FaultId>> = {
  1: FaultId.PlaybackAborted, 2: FaultId.PlaybackNetwork, 3: FaultId.PlaybackDecode, 4: FaultId.PlaybackSourceUnsupported,
};

/** What a video element failed with (HTML, MediaError). */
export function elementError(video: HTMLVideoElement, operation: Operation): OTError {
  const { code = 0, message = "" } = video.error ?? {};
  return new OTError(elementFaults[code] ?? FaultId.PlaybackFailed, operation, { message: message || undefined, cause: video.error ?? undefined });
}

/** Settles when a video element has data; fails with what it failed with. An element that does neither in time is none to wait for. */
export function firstPicture(video: HTMLVideoElement, operation: Operation, most = 3_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      clearTimeout(timer);
      video.removeEventListener("loadeddata", ok);
      video.removeEventListener("error", bad);
      done();
    };
    const ok = () => settle(resolve);
    const bad = () => settle(() => reject(elementError(video, operation)));
    const timer = setTimeout(ok, most);
    video.addEventListener("loadeddata", ok);
    video.addEventListener("error", bad);
    if (video.error) bad();
    else if (video.readyState >= 2) ok();
  });
}

/** A picture of the video as PNG in base64, without the prefix of a data address; null where there is none. */
export function picture(video: HTMLVideoElement | undefined): string | null {
  if (!video || !video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  try {
    return canvas.toDataURL("image/png").replace(/^[^,]*,/, "");
  } catch {
    return null;
  }
}
