// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What the small pages of a call show: who is there, what is said and what went wrong. */
import { reference } from "../../core/src/reference";
import { headline } from "../../demo/src/user-words";
import { fault, userMessage } from "../../faults";

export const find = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;
export type Kind = "AUDIO" | "VIDEO";

const tiles = new Map<string, { figure: HTMLElement; caption: HTMLElement; name: string; muted: Set<Kind> }>();

let self = ""; // the id by which the server knows whoever sits here

/** Notes who sits here, whose reference errors show. */
export function itself(id: string): void {
  self = id;
}

/** Says how things are; outside of a call nobody is shown. */
export function state(text: string, inside: boolean, well = true): void {
  find("state").textContent = text;
  find("state").dataset.state = inside ? (well ? "connected" : "blocked") : "";
  find("join").hidden = inside;
  find("controls").hidden = find("talk").hidden = !inside;
  if (inside) return;
  for (const { figure } of tiles.values()) figure.remove();
  tiles.clear();
}

/** The video of somebody, who is shown from now on with these kinds of media muted. */
export function tile({ id, name, local, muted }: { id: string; name: string; local: boolean; muted: Kind[] }): HTMLVideoElement {
  let t = tiles.get(id);
  if (!t) {
    const figure = document.createElement("figure");
    figure.dataset.testid = "tile";
    figure.dataset.participant = id;
    figure.dataset.name = name;
    figure.dataset.local = String(local);
    const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true, muted: local });
    const caption = document.createElement("figcaption");
    figure.append(video, caption);
    find("tiles").append(figure);
    tiles.set(id, (t = { figure, caption, name: local ? `${name} (you)` : name, muted: new Set() }));
  }
  t.muted = new Set(muted);
  caption(id);
  return t.figure.querySelector("video")!;
}

function caption(id: string): void {
  const t = tiles.get(id);
  if (!t) return;
  const off = [...t.muted].map((m) => (m === "AUDIO" ? "muted" : "camera off"));
  t.caption.textContent = [t.name, ...off].join(" · ");
  t.figure.dataset.muted = [...t.muted].sort().join(" ");
}

export function mute(id: string, kind: Kind, muted: boolean): void {
  const t = tiles.get(id);
  if (muted) t?.muted.add(kind);
  else t?.muted.delete(kind);
  caption(id);
}

export function remove(id: string): void {
  tiles.get(id)?.figure.remove();
  tiles.delete(id);
}

export function speaking(id: string, on: boolean): void {
  const figure = tiles.get(id)?.figure;
  if (figure) figure.dataset.speaking = String(on);
}

/** Says that media is stuck, while the client believes itself connected. */
export function blocked(): void {
  state("No sound or picture comes through", true, false);
}

/**
 * Shows an error: what it means for whoever sits here, a reference to read out, and
 * for developers what the client said and what the catalogue advises. The same error
 * again is shown once.
 */
export function show(error: { code?: number; name: string; text: string; fault?: string }): void {
  const known = fault(error.fault ?? "");
  const item = document.createElement("li");
  item.dataset.code = String(error.code ?? "");
  item.dataset.fault = error.fault ?? "";
  const add = (to: HTMLElement, tag: string, text: string, testid = "") => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (testid) element.dataset.testid = testid;
    to.append(element);
    return element;
  };
  add(item, "strong", headline({ category: known?.category ?? "" }), "error-title");
  add(item, "p", known ? userMessage(known, navigator.language) : "You can try again.", "error-user");
  const more = add(item, "details", "");
  add(more, "summary", "For developers");
  add(more, "code", [error.code, error.name].filter((word) => word !== undefined).join(" "));
  add(more, "p", error.text);
  if (known) add(more, "p", `${known.title}. ${known.do}`);
  if (self) add(item, "p", `Reference ${reference(self)}`, "error-reference").className = "reference";
  const list = find("errors");
  for (const same of [...list.children]) {
    if (same instanceof HTMLElement && same.dataset.code === item.dataset.code && same.dataset.fault === item.dataset.fault && same.textContent === item.textContent) same.remove();
  }
  list.prepend(item);
  while (list.children.length > 10) list.lastElementChild!.remove();
}

export function say(name: string, message: string): void {
  const item = document.createElement("li");
  const who = document.createElement("b");
  who.textContent = name;
  item.append(who, ` ${message}`);
  find("messages").append(item);
  while (find("messages").children.length > 200) find("messages").firstElementChild!.remove();
}

/** What the form asks for: a name, and which of its buttons was pressed. */
export function onJoin(join: (name: string, how: string) => Promise<void>): void {
  find("join").addEventListener("submit", async (e) => {
    e.preventDefault();
    find("errors").replaceChildren();
    state("connecting", false);
    await join(find<HTMLInputElement>("name").value, ((e as SubmitEvent).submitter as HTMLButtonElement | null)?.value ?? "");
  });
}

/** A button for what is sent of a kind of media. */
export function onSwitch(kind: "audio" | "video", change: (on: boolean) => Promise<void>): void {
  const button = find(kind);
  button.addEventListener("click", async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    await change(on).then(() => button.setAttribute("aria-pressed", String(on)), () => {});
  });
}

/** A message that somebody wrote, which stays in its field unless it was sent. */
export function onWrite(send: (text: string) => Promise<void>): void {
  find("write").addEventListener("submit", async (e) => {
    e.preventDefault();
    const text = find<HTMLInputElement>("text");
    if (text.value.trim() === "") return;
    await send(text.value).then(() => { text.value = ""; }, () => {});
  });
}
