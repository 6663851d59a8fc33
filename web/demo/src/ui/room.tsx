// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { selectLocalPeerID, selectPeerCount, selectPeers, selectRoleChangeRequest, selectRoom } from "@100mslive/hms-video-store";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Remark } from "../call";
import { Chat } from "./chat";
import { Controls, MoreToggles, useNarrow, type Panel } from "./controls";
import { Devices } from "./devices";
import { Dialog } from "./dialog";
import { useCall, useCell, useElapsed, useStore } from "./hooks";
import { Icon, Mark } from "./icons";
import { People } from "./people";
import { ProblemPanel, ProblemStack } from "./problem-stack";
import { Quality } from "./quality";
import { Stage } from "./stage";

const titles = { chat: "Chat", people: "People", problems: "Errors" };

/** Inside the call. */
export function Room() {
  const call = useCall();
  const { reconnecting, blocked, up, late } = useCell(call.state);
  const [panel, setPanel] = useState<Panel>(null);
  const [settings, setSettings] = useState(false);
  const [numbers, setNumbers] = useState(false);
  const narrow = useNarrow();
  const open = useCallback((which: Panel) => setPanel(which), []);
  const name = useStore(selectRoom).name;
  useEffect(() => {
    document.title = name ? `${name} · Redial` : "Redial";
    return () => void (document.title = "Redial");
  }, [name]);
  const state = reconnecting ? "reconnecting" : blocked ? "blocked" : up ? "connected" : "connecting";
  return (
    <div class="room" data-testid="room" data-state={state} data-banner={reconnecting !== null || late} data-panel={panel ?? ""}>
      <Head state={state}>{narrow && <MoreToggles panel={panel} onPanel={open} onSettings={() => setSettings(true)} />}</Head>
      {reconnecting && <Banner code={reconnecting.code} since={reconnecting.lastAt} onWhy={() => setPanel("problems")} />}
      {!reconnecting && late && <Unsent />}
      <div class="room-main">
        <main class="room-stage" aria-label="Pictures">
          <Stage numbers={numbers} />
          {panel !== "problems" && <ProblemStack onAll={() => setPanel("problems")} />}
          <Remarks />
        </main>
        {panel && <Side panel={panel} onClose={() => setPanel(null)} />}
      </div>
      <Controls panel={panel} onPanel={open} onSettings={() => setSettings(true)} />
      {settings && <Settings numbers={numbers} onNumbers={setNumbers} onClose={() => setSettings(false)} />}
      <RoleRequest />
    </div>
  );
}

const states = { connected: "Connected", connecting: "Connecting", reconnecting: "Reconnecting", blocked: "No sound or picture" };

function Head({ state, children }: { state: keyof typeof states; children: ComponentChildren }) {
  const room = useStore(selectRoom);
  const listed = useStore(selectPeers).length;
  const count = useStore(selectPeerCount) || listed;
  const local = useStore(selectLocalPeerID);
  const elapsed = useElapsed(room.joinedAt);
  return (
    <header class="head">
      <Mark />
      <h1 title={room.name || room.id}>{room.name || "Call"}</h1>
      <span class={state === "connected" ? "state" : "state warn"} data-testid="connection-state" role="status">
        {states[state]}
      </span>
      <span class="head-right">
        <span class="head-count" title="People in this call">
          <Icon name="people" size={16} /> <span data-testid="peer-count">{count}</span>
        </span>
        <time class="head-time" data-testid="elapsed">
          {elapsed}
        </time>
        <Quality peerId={local} />
      </span>
      {children}
    </header>
  );
}

function Banner({ code, since, onWhy }: { code: number | null; since: Date; onWhy: () => void }) {
  const elapsed = useElapsed(since);
  return (
    <div class="banner" role="alert" data-testid="banner-reconnecting" data-code={code ?? ""}>
      <span class="spinner" />
      <p>
        <strong>Reconnecting…</strong> <span>You are still in the call; others may not see or hear you.</span>
      </p>
      <span class="banner-time">{elapsed}</span>
      <button type="button" class="button quiet" onClick={onWhy}>
        Why?
      </button>
    </div>
  );
}

/** join() waits for the tracks to be published, and waits for ever when that fails. */
function Unsent() {
  return (
    <div class="banner" role="alert" data-testid="banner-unsent">
      <p>
        <strong>Others cannot see or hear you yet.</strong> <span>Your camera and microphone did not get through.</span>
      </p>
      <button type="button" class="button quiet" onClick={() => location.reload()}>
        Start over
      </button>
    </div>
  );
}

function Side({ panel, onClose }: { panel: NonNullable<Panel>; onClose: () => void }) {
  const side = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (panel !== "chat") heading.current?.focus({ preventScroll: true }); // the chat focuses its field
  }, [panel]);
  return (
    <aside
      class="side"
      ref={side}
      aria-labelledby="side-title"
      data-testid={`panel-${panel}`}
      onKeyDown={(e) => {
        if (e.key !== "Escape" || (e.target as HTMLElement).closest("dialog")) return;
        onClose();
        document.querySelector<HTMLElement>(`.control[data-testid="${panel}"]`)?.focus();
      }}
    >
      <header class="side-head">
        <h2 id="side-title" ref={heading} tabIndex={-1}>
          {titles[panel]}
        </h2>
        <button type="button" class="button square quiet" aria-label={`Close ${titles[panel]}`} title="Close" data-testid="panel-close" onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      {panel === "chat" ? <Chat /> : panel === "people" ? <People /> : <ProblemPanel />}
    </aside>
  );
}

/** Small remarks at the edge: somebody came, somebody asks something. */
function Remarks() {
  const call = useCall();
  const [shown, setShown] = useState<(Remark & { id: number })[]>([]);
  const next = useRef(0);
  useEffect(
    () =>
      call.remarks.on((remark) => {
        const id = next.current++;
        setShown((all) => [...all, { ...remark, id }].slice(-3));
        setTimeout(() => setShown((all) => all.filter((r) => r.id !== id)), remark.action ? 20_000 : 4000);
      }),
    [call],
  );
  const drop = (id: number) => setShown((all) => all.filter((r) => r.id !== id));
  return (
    <div class="remarks" role="status" aria-live="polite">
      {shown.map((r) => (
        <p key={r.id} class="remark" data-testid="remark">
          <span>{r.text}</span>
          {r.action && (
            <>
              <button type="button" class="button primary" data-testid="remark-action" onClick={() => (drop(r.id), r.action!.run())}>
                {r.action.label}
              </button>
              <button type="button" class="button square quiet" aria-label="Dismiss" onClick={() => drop(r.id)}>
                <Icon name="close" size={16} />
              </button>
            </>
          )}
        </p>
      ))}
    </div>
  );
}

function Settings({ numbers, onNumbers, onClose }: { numbers: boolean; onNumbers: (on: boolean) => void; onClose: () => void }) {
  return (
    <Dialog title="Settings" testid="settings-dialog" onClose={onClose}>
      <Devices />
      <label class="check">
        <input type="checkbox" data-testid="show-numbers" checked={numbers} onChange={(e) => onNumbers(e.currentTarget.checked)} />
        <span>
          Show numbers on the tiles <small>Size, frame rate, bit rate and layer of every video</small>
        </span>
      </label>
      <p class="hint">
        Keys: <kbd>M</kbd> microphone, <kbd>V</kbd> camera, <kbd>Esc</kbd> closes what is open.
      </p>
    </Dialog>
  );
}

function RoleRequest() {
  const call = useCall();
  const request = useStore(selectRoleChangeRequest);
  const [busy, setBusy] = useState(false);
  if (!request?.role) return null;
  const refuse = () => call.actions.rejectChangeRole(request);
  const accept = async () => {
    setBusy(true);
    if (!(await call.run(() => call.actions.acceptChangeRole(request)))) refuse();
    setBusy(false);
  };
  const can = request.role.publishParams.allowed;
  return (
    <Dialog key={request.token} title={`Become ${request.role.name}?`} testid="role-request" onClose={refuse}>
      <p>
        {request.requestedBy?.name ?? "The host"} asks you to become <strong>{request.role.name}</strong>.{" "}
        {can.length > 0 ? `You may then share ${list(can)}.` : "You then watch and listen."}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" data-testid="role-refuse" disabled={busy} onClick={refuse}>
          Not now
        </button>
        <button type="button" class="button primary" data-testid="role-accept" disabled={busy} onClick={() => void accept()}>
          Accept
        </button>
      </div>
    </Dialog>
  );
}

function list(kinds: string[]): string {
  const words = kinds.map((k) => ({ audio: "your microphone", video: "your camera", screen: "your screen" })[k] ?? k);
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "");
}
