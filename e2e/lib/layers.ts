// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Layers of a simulcast, as they arrive and as the SDK knows them.
import { poll } from './check.ts';
import type { Received } from '../page/probe.ts';
import type { Tab } from './tab.ts';

// layerOf reads what the SDK believes about a remote video track.
export const layerOf = (tab: Tab, trackId: string) => tab.eval((id: string) => {
  const t = window.tab.state().tracks[id];
  return t && { layer: t.layer, preferred: t.preferredLayer, definitions: window.tab.copy(t.layerDefinitions), degraded: t.degraded };
}, trackId);

// becomes waits until frames of the wanted width are being decoded.
export const becomes = (tab: Tab, trackId: string, width: number, ms = 20_000) => {
  let now: Received | null;
  return poll(`${tab.name} to decode frames ${width} wide`, async () => {
    now = await tab.received(trackId);
    return now?.width === width && now;
  }, { ms, detail: () => `now ${now?.width}x${now?.height}` });
};

// widths are those of a track's layers.
export async function widths(tab: Tab, trackId: string): Promise<Record<'low' | 'medium' | 'high', number>> {
  const { definitions } = await layerOf(tab, trackId);
  return Object.fromEntries(definitions.map((d: any) => [d.layer, d.resolution.width])) as any;
}
