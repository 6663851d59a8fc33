// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import {
  selectAvailableRoleNames,
  selectHMSMessages,
  selectLocalPeerID,
  selectRemotePeers,
  selectPeersMap,
  type HMSMessage,
} from "@100mslive/hms-video-store";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useCall, useStore } from "./hooks";
import { Icon } from "./icons";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function Chat() {
  const call = useCall();
  const messages = useStore(selectHMSMessages);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => call.actions.setMessageRead(true), [call, messages.length]);
  useLayoutEffect(() => end.current?.scrollIntoView({ block: "end" }), [messages.length]);
  return (
    <>
      <div class="panel-body chat" role="log" aria-label="Messages" aria-live="polite">
        {messages.length === 0 && (
          <div class="nothing">
            <Icon name="chat" size={32} />
            <p>No messages yet.</p>
            <p>Messages reach those who are in the call now and are not kept.</p>
          </div>
        )}
        {messages.map((message, i) => (
          <Message key={message.id} message={message} before={messages[i - 1]} />
        ))}
        <div ref={end} />
      </div>
      <Compose />
    </>
  );
}

function Message({ message, before }: { message: HMSMessage; before: HMSMessage | undefined }) {
  const localId = useStore(selectLocalPeerID);
  const peers = useStore(selectPeersMap);
  const mine = message.sender === localId;
  const time = new Date(message.time);
  const goesOn =
    before !== undefined &&
    before.sender === message.sender &&
    before.recipientPeer === message.recipientPeer &&
    String(before.recipientRoles) === String(message.recipientRoles) &&
    time.getTime() - new Date(before.time).getTime() < 120_000;
  const to = message.recipientPeer
    ? message.recipientPeer === localId
      ? "to you only"
      : `to ${peers[message.recipientPeer]?.name ?? "one person"} only`
    : message.recipientRoles?.length
      ? `to ${message.recipientRoles.join(", ")}`
      : "";
  return (
    <article class={mine ? "message mine" : "message"} data-testid="chat-message" data-sender={message.senderName ?? ""} data-private={to !== ""}>
      {!goesOn && (
        <header>
          <strong>{mine ? "You" : message.senderName || (message.sender ? "Guest" : "Server")}</strong>
          {to && <span class="message-to">{to}</span>}
          <time dateTime={time.toISOString()}>{clock.format(time)}</time>
        </header>
      )}
      <p data-testid="chat-text">{typeof message.message === "string" ? message.message : JSON.stringify(message.message)}</p>
    </article>
  );
}

function Compose() {
  const call = useCall();
  const peers = useStore(selectRemotePeers);
  const roles = useStore(selectAvailableRoleNames);
  const [text, setText] = useState("");
  const [to, setTo] = useState("");
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const gone = to.startsWith("peer:") && !peers.some((p) => p.id === to.slice(5));

  const send = async (event: Event) => {
    event.preventDefault();
    const message = text.trim();
    if (message === "" || sending || gone) return;
    setSending(true);
    const sent = await call.run(() =>
      to.startsWith("peer:")
        ? call.actions.sendDirectMessage(message, to.slice(5))
        : to.startsWith("role:")
          ? call.actions.sendGroupMessage(message, [to.slice(5)])
          : call.actions.sendBroadcastMessage(message),
    );
    setSending(false);
    if (sent) setText("");
    field.current?.focus();
  };

  return (
    <form class="compose" onSubmit={(e) => void send(e)}>
      <label class="compose-to">
        <span>To</span>
        <select data-testid="chat-to" value={to} onChange={(e) => setTo(e.currentTarget.value)}>
          <option value="">Everybody</option>
          {roles.length > 1 && (
            <optgroup label="A role">
              {roles.map((role) => (
                <option key={role} value={"role:" + role}>
                  {role}
                </option>
              ))}
            </optgroup>
          )}
          {peers.length > 0 && (
            <optgroup label="One person">
              {peers.map((peer) => (
                <option key={peer.id} value={"peer:" + peer.id}>
                  {peer.name || "Guest"}
                </option>
              ))}
            </optgroup>
          )}
          {gone && (
            <option value={to} disabled>
              Left the call
            </option>
          )}
        </select>
      </label>
      <div class="compose-line">
        <input ref={field} data-testid="chat-input" aria-label="Message" placeholder="Write a message" autocomplete="off" maxLength={2000} value={text} onInput={(e) => setText(e.currentTarget.value)} />
        <button type="submit" class="button primary square" data-testid="chat-send" aria-label="Send" title="Send" disabled={text.trim() === "" || sending || gone}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
