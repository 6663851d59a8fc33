// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

export const gap = 12; // px between tiles, the same as in style.css
export const smallest = 152; // px; tiles that would be narrower scroll instead

export interface Size {
  width: number;
  height: number;
}

/**
 * The largest tile with which n of them fit. Cameras are 16:9; cutting them to
 * 4:3 is hardly seen, and more than that only where the screen is upright.
 */
export function fit(n: number, width: number, height: number, fill: boolean): Size {
  const narrowest = width > height ? 4 / 3 : 1;
  let best = { width: 0, height: 0 };
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const w = (width - gap * (columns - 1)) / columns;
    const h = (height - gap * (rows - 1)) / rows;
    const aspect = fill ? w / h : Math.min(16 / 9, Math.max(narrowest, w / h));
    const tile = { width: Math.floor(Math.min(w, h * aspect)), height: Math.floor(Math.min(h, w / aspect)) };
    if (tile.width * tile.height > best.width * best.height) best = tile;
  }
  if (best.width >= smallest || width < smallest) return best;
  const columns = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const w = Math.floor((width - gap * (columns - 1)) / columns);
  return { width: w, height: Math.floor(w * 0.75) };
}
