// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What the small pages of a call show: who is there, what is said and what went wrong. */
import { fault } from "../../faults";

export const find = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;
export type Kind = "AUDIO" | "VIDEO";

const tiles = new Map<string, { figure: HTMLElement; caption: HTMLElement; name: string; muted: Set<Kind> }>();

/** Says how things are; outside of a call nobody is shown. */
export function state(text: string, inside: boolean): void {
  find("state").textContent = text;
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

/** Shows an error by its number, and what the catalogue knows of its fault. */
export function show(error: { code?: number; name: string; text: string; fault?: string }): void {
  const item = document.createElement("li");
  item.dataset.code = String(error.code ?? "");
  item.dataset.fault = error.fault ?? "";
  const title = document.createElement("strong");
  title.textContent = [error.code, error.name].filter((word) => word !== undefined).join(" ");
  const advice = document.createElement("p");
  advice.textContent = fault(error.fault ?? "")?.do ?? "";
  item.append(title, ` ${error.text}`, advice);
  find("errors").prepend(item);
  while (find("errors").children.length > 10) find("errors").lastElementChild!.remove();
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
