// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A stretch of time as a picture: two lanes, counted for each pixel. What it shows is
// in a list or a table beside it.
import { useEffect, useRef, useState } from "preact/hooks";
import { useInSight, useShared } from "./state";
import { clock, length } from "./time";
import { bin, timeAt, x, type Bins, type Clock, type Marks, type Scale } from "./timeline";

const lane = 22; // high, in CSS pixels
const axis = 18;

/** Draws again when the size or the theme changes. */
function useCanvas(draw: (c: CanvasRenderingContext2D, width: number, colour: (name: string) => string) => void, height: number) {
  const at = useRef<HTMLCanvasElement>(null);
  const [turn, again] = useState(0);
  const seen = useInSight(at); // of hundreds, those on the screen are drawn
  useEffect(() => {
    const changed = () => again((n) => n + 1);
    const size = new ResizeObserver(changed);
    size.observe(at.current!);
    const theme = new MutationObserver(changed);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const media = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((q) => matchMedia(q));
    media.forEach((m) => m.addEventListener("change", changed));
    return () => (size.disconnect(), theme.disconnect(), media.forEach((m) => m.removeEventListener("change", changed)));
  }, []);
  useEffect(() => {
    if (!seen) return;
    const canvas = at.current!, width = Math.max(1, Math.floor(canvas.clientWidth)), sharp = Math.min(3, devicePixelRatio || 1);
    canvas.width = width * sharp;
    canvas.height = height * sharp;
    const c = canvas.getContext("2d");
    if (!c) return;
    c.scale(sharp, sharp);
    const style = getComputedStyle(canvas), forced = matchMedia("(forced-colors: active)").matches;
    draw(c, width, (name) => (forced ? "CanvasText" : style.getPropertyValue("--" + name)));
  }, [turn, seen, draw, height]);
  return at;
}

interface Props {
  marks: Marks;
  scale: Scale;
  places?: Int32Array; // of the marks; without it all
  whole?: boolean; // as the small picture of everything: with the window that is shown
  shown?: [number, number];
  offset?: Clock; // of the client; its lane is hatched without one
  told?: boolean; // a client told something
  label: string;
  choose?(from: number, to: number): void; // a stretch that was dragged over
}

export function Strip({ marks, scale, places, whole = false, shown, offset, told = false, label, choose }: Props) {
  const { zone } = useShared();
  const height = whole ? 30 : 2 * lane + axis;
  const [from, setFrom] = useState<number>(); // where dragging began, 0 to 1
  const [upto, setUpto] = useState(0);
  const counted = useRef<{ of: unknown[]; bins: ReturnType<typeof bin> }>(undefined);
  const draw = (c: CanvasRenderingContext2D, width: number, colour: (name: string) => string) => {
    const of = [marks, scale, width, places]; // while only the window moves, nothing is counted again
    if (!counted.current?.of.every((o, i) => o === of[i])) counted.current = { of, bins: bin(marks, scale, width, places) };
    const bins = counted.current.bins;
    c.clearRect(0, 0, width, height);
    for (const s of scale.stretches.filter((p) => p.gap)) hatch(c, s.x0 * width, 0, (s.x1 - s.x0) * width, whole ? height : 2 * lane, colour("line"), 6);
    if (whole) {
      const all = bins.server.all.map((n, i) => n + bins.client.all[i]!), bad = bins.server.bad.map((n, i) => n + bins.client.bad[i]!);
      const most = Math.log1p(all.reduce((a, b) => Math.max(a, b), 1));
      for (let i = 0; i < width; i++) {
        if (!all[i]) continue;
        const high = Math.max(3, (Math.log1p(all[i]!) / most) * height);
        c.fillStyle = colour(bad[i] ? "bad" : "link");
        c.fillRect(i, height - high, 1, high);
      }
      if (shown) {
        const a = x(scale, shown[0]) * width, b = x(scale, shown[1]) * width;
        c.strokeStyle = colour("text");
        c.lineWidth = 2;
        c.strokeRect(a + 1, 1, Math.max(4, b - a - 2), height - 2);
      }
    } else {
      lanes(c, width, bins, colour);
    }
    if (from !== undefined && Math.abs(upto - from) * width > 3) {
      c.globalAlpha = 0.25;
      c.fillStyle = colour("link");
      c.fillRect(Math.min(from, upto) * width, 0, Math.abs(upto - from) * width, height);
      c.globalAlpha = 1;
    }
  };
  const lanes = (c: CanvasRenderingContext2D, width: number, bins: { client: Bins; server: Bins }, colour: (name: string) => string) => {
    [bins.client, bins.server].forEach((b, row) => {
      const y = row * lane + lane / 2;
      c.fillStyle = colour("line");
      c.fillRect(0, y - 1, width, 2);
      if (row === 0 && told && !offset) hatch(c, 0, 2, width, lane - 4, colour("line"), 4);
      const wide = row === 0 && offset ? (offset.wrong / Math.max(1, scale.to - scale.from)) * width : 0;
      for (let i = 0; i < width; i++) {
        if (!b.all[i]) continue;
        if (wide > 3) {
          c.fillStyle = colour("muted");
          c.fillRect(i - wide, y + 6, 2 * wide, 2); // by how much it may be wrong
        }
        if (b.bad[i]) continue;
        c.fillStyle = colour("link");
        c.beginPath();
        c.arc(i + 0.5, y, 4, 0, 2 * Math.PI);
        c.fill();
      }
      c.strokeStyle = colour("bad");
      c.lineWidth = 2.5;
      let last = -9;
      for (let i = 0; i < width; i++) { // a cross, so that it is not told by its colour alone
        if (!b.bad[i] || i - last < 5) continue;
        last = i;
        c.beginPath();
        c.moveTo(i - 5, y - 5), c.lineTo(i + 5, y + 5), c.moveTo(i + 5, y - 5), c.lineTo(i - 5, y + 5);
        c.stroke();
      }
    });
    c.fillStyle = colour("muted");
    c.font = "12px system-ui, sans-serif";
    c.textBaseline = "bottom";
    let free = 0;
    for (const s of scale.stretches) {
      const text = s.gap ? length(s.to - s.from) : clock(new Date(s.from), zone), wide = c.measureText(text).width, at = Math.max(0, s.gap ? ((s.x0 + s.x1) / 2) * width - wide / 2 : s.x0 * width);
      if (at < free || at + wide > width) continue;
      c.fillText(text, at, height);
      free = at + wide + 10;
    }
    const end = clock(new Date(scale.to), zone), wide = c.measureText(end).width;
    if (width - wide > free) c.fillText(end, width - wide, height);
  };
  const at = useCanvas(draw, height);
  const place = (e: PointerEvent) => {
    const box = at.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (e.clientX - box.left) / box.width));
  };
  return (
    <canvas
      ref={at} class={"strip" + (whole ? " whole" : "")} role="img" aria-label={label}
      onPointerDown={choose && ((e) => (at.current!.setPointerCapture(e.pointerId), setFrom(place(e)), setUpto(place(e))))}
      onPointerMove={choose && ((e) => from !== undefined && setUpto(place(e)))}
      onPointerUp={choose && ((e) => {
        if (from === undefined) return;
        const to = place(e);
        setFrom(undefined);
        if (Math.abs(to - from) > 0.01) choose(timeAt(scale, Math.min(from, to)), timeAt(scale, Math.max(from, to)));
      })}
      onPointerCancel={() => setFrom(undefined)}
    />
  );
}

/** Fills a rectangle with slanted lines. */
function hatch(c: CanvasRenderingContext2D, left: number, top: number, width: number, height: number, colour: string, apart: number) {
  c.save();
  c.beginPath();
  c.rect(left, top, width, height);
  c.clip();
  c.strokeStyle = colour;
  c.lineWidth = 1;
  c.beginPath();
  for (let i = left - height; i < left + width; i += apart) c.moveTo(i, top + height), c.lineTo(i + height, top);
  c.stroke();
  c.restore();
}
