// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Keeps the reports of the 100ms client SDK on your own server.
 *
 * The SDK delivers failures over its socket while it has one, and otherwise by
 * HTTP to a host that is written into it:
 *
 *   POST https://event.100ms.live/v2/client/report
 *   POST https://event-nonprod.100ms.live/v2/client/report   (hosts named dev… or qa…)
 *
 * Such a report carries the room token in its Authorization header. With a
 * self-hosted server neither token nor report may leave for somebody else, and
 * the report is worth most on the server the call ran on. The SDK offers no
 * setting for the host, so this file changes the address of exactly those
 * requests and leaves everything else alone. The SDK itself is not modified.
 *
 * This file stands alone: copy it into your app and call it before the SDK is
 * used.
 *
 *   import { redirectReports } from "./report-redirect";
 *   redirectReports("https://rtc.example.org");
 *   import("@100mslive/hms-video-store").then(start);
 *
 * Checked against @100mslive/hms-video-store 0.12 to 0.15: all of them report
 * with fetch(); none uses XMLHttpRequest or navigator.sendBeacon. A policy such
 * as `connect-src 'self' wss:` is a good second lock.
 */

/** What the SDK says in a report, as far as an app may care. */
export interface Report {
  event: string; // "connect.failed", "disconnected", "publish.failed", …
  event_id?: string;
  timestamp: number; // when it was noticed, in ms since the epoch
  peer?: { peer_id?: string; room_id?: string; session_id?: string };
  payload?: {
    error_code?: number;
    error_name?: string;
    error_message?: string;
    error_description?: string;
    action?: string;
    is_terminal?: boolean;
  };
}

const hosts = ["event.100ms.live", "event-nonprod.100ms.live"];
const paths = ["/v2/client/report", "/v2/client/feedback"];

/**
 * Sends the SDK's reports to `origin` instead of the vendor's host.
 *
 * `onReport` is told of each report before it is sent. That matters for the one
 * failure the SDK keeps to itself: when the server cannot be reached, `join()`
 * neither resolves nor rejects and nothing but a report says so.
 *
 * Returns a function that restores the previous `fetch`.
 */
export function redirectReports(origin: string, onReport?: (report: Report) => void): () => void {
  const send = window.fetch;

  const redirected: typeof fetch = (input, init) => {
    const target = newAddress(addressOf(input), origin);
    if (target === null) return send.call(window, input, init);
    if (onReport && typeof init?.body === "string") tell(onReport, init.body);
    return send.call(window, input instanceof Request ? new Request(target, input) : target, init);
  };

  window.fetch = redirected;
  return () => {
    if (window.fetch === redirected) window.fetch = send;
  };
}

function addressOf(input: RequestInfo | URL): string {
  return input instanceof Request ? input.url : String(input);
}

/** The address a request should go to instead, or null if it is not one of ours. */
export function newAddress(address: string, origin: string): string | null {
  let url: URL;
  try {
    url = new URL(address, location.href);
  } catch {
    return null; // let fetch itself complain
  }
  if (url.protocol !== "https:" || url.port !== "" || !hosts.includes(url.hostname) || !paths.includes(url.pathname)) return null;
  return new URL(url.pathname + url.search, origin).href;
}

/** An observer must never be able to keep a report from being sent. */
function tell(onReport: (report: Report) => void, body: string): void {
  try {
    onReport(JSON.parse(body) as Report);
  } catch (error) {
    console.warn("report observer failed", error);
  }
}
