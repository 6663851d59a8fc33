// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Call, type Media } from "../call";
import { managementToken, readLink, rememberedName, rememberName } from "../link";
import { Problems } from "../problems";
import { CodeRefused, tokenForCode, tokenForRole } from "../rooms";
import { Ended } from "./ended";
import { Entry } from "./entry";
import { CallProvider, useCell } from "./hooks";
import { Mark } from "./icons";
import { Lobby } from "./lobby";
import { Room } from "./room";

const everything: Media = { audioOn: true, videoOn: true };

/** Which page is shown: the entry, or a call at some stage. */
export function App() {
  const [link, setLink] = useState(readLink);
  const [token, setToken] = useState(link.token);
  const [refused, setRefused] = useState("");

  // A join link pasted into the open page is another call.
  useEffect(() => {
    const changed = () => {
      const next = readLink();
      setLink(next);
      setRefused("");
      setToken(next.token);
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);

  const fetching = token === "" && refused === "" && (link.code !== "" || (link.room !== "" && managementToken() !== ""));
  useEffect(() => {
    if (!fetching) return;
    let wanted = true;
    (link.code ? tokenForCode(link.code) : tokenForRole(link.room, link.role, managementToken())).then(
      (t) => wanted && setToken(t),
      (error: unknown) => wanted && setRefused(error instanceof CodeRefused ? error.message : String(error)),
    );
    return () => void (wanted = false);
  }, [fetching, link]);

  if (fetching) {
    return (
      <main class="page narrow" aria-busy="true">
        <header class="brand">
          <Mark />
          <span>Redial</span>
        </header>
        <p class="lead" role="status">
          <span class="spinner" /> Getting your token…
        </p>
      </main>
    );
  }
  if (token === "") return <Entry key={refused} link={link} refused={refused} onToken={setToken} />;
  return (
    <Session
      key={token}
      token={token}
      suggestedName={link.name}
      onOther={() => {
        history.replaceState(null, "", location.pathname);
        setLink(readLink());
        setToken("");
      }}
    />
  );
}

/** One token: a call, and the calls that replace it when it is tried again. */
function Session({ token, suggestedName, onOther }: { token: string; suggestedName: string; onOther: () => void }) {
  const [name, setName] = useState(suggestedName || rememberedName());
  const problems = useRef(new Problems());
  const [call, setCall] = useState(() => new Call(token, problems.current));
  const joined = useRef(false); // whether this call was ever inside
  const { stage, over } = useCell(call.state);
  const cameFrom = useRef(stage);
  if (stage !== "over") cameFrom.current = stage;
  if (stage === "joined") joined.current = true;

  useEffect(() => () => call.dispose(), [call]);
  useEffect(() => {
    void call.preview(name, everything);
  }, []);

  const join = useCallback(() => {
    rememberName(name.trim());
    void call.join(name.trim());
  }, [call, name]);

  const again = () => {
    const media = call.media() ?? everything;
    const fresh = new Call(token, (problems.current = new Problems()));
    joined.current = false;
    setCall(fresh);
    // Who was inside, or had pressed Join, does not want the lobby again.
    const wasOnTheWay = over?.reason !== "failed" || cameFrom.current === "joined" || cameFrom.current === "joining";
    if (name.trim() && wasOnTheWay) void fresh.enter(name.trim(), media);
    else void fresh.preview(name, media);
  };
  return (
    <CallProvider value={call} key={call.id}>
      {over ? <Ended over={over} joined={joined.current} onAgain={again} onOther={onOther} /> : stage === "joined" ? <Room /> : <Lobby name={name} onName={setName} onJoin={join} />}
    </CallProvider>
  );
}
