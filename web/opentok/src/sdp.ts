// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Parameters of Opus in session descriptions (RFC 7587, section 7). */

export interface OpusWishes {
  stereo?: boolean;
  maxAverageBitrate?: number; // bits a second
  dtx?: boolean;
}

/** Adds parameters to every Opus of a description; nothing else is changed. */
export function withOpus(sdp: string, { stereo, maxAverageBitrate, dtx }: OpusWishes): string {
  const wanted: Record<string, string> = {
    ...(stereo ? { stereo: "1", "sprop-stereo": "1" } : {}),
    ...(maxAverageBitrate ? { maxaveragebitrate: String(maxAverageBitrate) } : {}),
    ...(dtx ? { usedtx: "1" } : {}),
  };
  if (Object.keys(wanted).length === 0) return sdp;
  const formats = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\//gim)].map((m) => m[1]!));
  let out = sdp;
  for (const format of formats) {
    const line = new RegExp(`^a=fmtp:${format} (.*?)(\\r?)$`, "m");
    if (line.test(out)) {
      out = out.replace(line, (_, parameters: string, end: string) => {
        const kept = parameters.split(";").map((p) => p.trim()).filter((p) => p !== "" && !(p.split("=")[0]! in wanted));
        return `a=fmtp:${format} ${[...kept, ...Object.entries(wanted).map(([k, v]) => `${k}=${v}`)].join(";")}${end}`;
      });
    } else {
      out = out.replace(new RegExp(`^(a=rtpmap:${format} .*?)(\\r?)$`, "m"), (_, map: string, end: string) =>
        `${map}${end}\na=fmtp:${format} ${Object.entries(wanted).map(([k, v]) => `${k}=${v}`).join(";")}${end}`);
    }
  }
  return out;
}
