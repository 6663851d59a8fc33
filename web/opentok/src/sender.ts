// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* How video is sent: limits that hold for every connection that a publication has in its time. */
import type { PublishOptions } from "../../core/src";
import type { Dimensions, ScalabilityMode, VideoBitratePreset } from "./types";

export interface Wishes {
  preset?: VideoBitratePreset;
  bitrate?: number; // bits a second
  frameRate?: number;
  resolution?: Dimensions;
  scalabilityMode?: ScalabilityMode;
}

/** Bits a second that a preset stands for, by the height of the picture; a choice of this library. */
const presets: Readonly<Record<string, readonly [height: number, bitrate: number][]>> = {
  default: [[1080, 4_000_000], [720, 2_500_000], [480, 1_200_000], [0, 600_000]],
  bw_saver: [[1080, 2_000_000], [720, 1_200_000], [480, 600_000], [0, 300_000]],
  extra_bw_saver: [[1080, 1_200_000], [720, 700_000], [480, 350_000], [0, 150_000]],
};

/** The width from which a camera is sent in two layers, and in three. */
const layered = [640, 1280] as const;

/** How much smaller than the picture each layer is, of so many; the smallest first. */
const scales = (layers: number): number[] => Array.from({ length: layers }, (_, i) => 2 ** (layers - 1 - i));

export class VideoSender {
  readonly #pc: () => RTCPeerConnection | undefined;
  readonly #track: () => MediaStreamTrack | undefined;
  wishes: Wishes = {};

  constructor(pc: () => RTCPeerConnection | undefined, track: () => MediaStreamTrack | undefined) {
    this.#pc = pc;
    this.#track = track;
  }

  /** The most that is sent, in bits a second. */
  get bitrate(): number {
    const { preset = "default", bitrate } = this.wishes;
    const { width = 640, height = 480 } = this.#track()?.getSettings() ?? {};
    return bitrate ?? presets[preset]!.find(([least]) => Math.min(width, height) >= least)![1];
  }

  /** How a connection begins: a camera that is wide enough is sent in layers, of which each receiver gets what it asks for and can take. */
  options(camera: boolean): Pick<PublishOptions, "maxVideoBitrate" | "sendEncodings"> {
    const limit = this.wishes.preset ? this.bitrate : undefined;
    const { width = 0 } = this.#track()?.getSettings() ?? {};
    const layers = camera && !this.wishes.scalabilityMode ? 1 + layered.filter((least) => width >= least).length : 1;
    if (layers === 1) return limit ? { maxVideoBitrate: limit } : {};
    const rids = ["q", "h", "f"].slice(-layers);
    return { sendEncodings: scales(layers).map((scale, i) => ({ rid: rids[i]!, scaleResolutionDownBy: scale, ...(limit ? { maxBitrate: Math.round(limit / scale ** 2) } : {}) })) };
  }

  async set(wishes: Wishes): Promise<void> {
    Object.assign(this.wishes, wishes);
    await this.apply();
  }

  /** Tells the connection that there is now. */
  async apply(): Promise<void> {
    const sender = this.#pc()?.getSenders().find((s) => s.track?.kind === "video");
    if (!sender || Object.keys(this.wishes).length === 0) return;
    const { frameRate, resolution, scalabilityMode, preset } = this.wishes;
    const parameters = sender.getParameters();
    const { width = 0, height = 0 } = sender.track?.getSettings() ?? {};
    const all = parameters.encodings as (RTCRtpEncodingParameters & { scalabilityMode?: string })[];
    const scale = scales(all.length);
    for (const [i, encoding] of all.entries()) {
      if (preset) encoding.maxBitrate = Math.round(this.bitrate / scale[i]! ** 2);
      if (frameRate) encoding.maxFramerate = frameRate;
      if (resolution) encoding.scaleResolutionDownBy = scale[i]! * Math.max(1, Math.min(width / resolution.width, height / resolution.height) || 1);
      if (scalabilityMode) encoding.scalabilityMode = scalabilityMode;
    }
    await sender.setParameters(parameters).catch(() => {}); // a browser that knows none of it sends what it likes
  }
}
