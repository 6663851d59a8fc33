// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { selectIsConnectedToRoom, selectLocalAudioTrackID, selectLocalVideoTrackID } from "@100mslive/hms-video-store";
import type { Call } from "../call";
import type { Problem } from "../problems";
import type { Remedy } from "./problem-card";

const autoplayBlocked = 3008;

/** What can be done about an error while the call goes on; null when nothing can. */
export function remedyFor(call: Call, problem: Problem): Remedy | null {
  const { actions, store } = call;
  const solved = (action: () => Promise<unknown>) => async () => {
    if (await call.run(action)) call.problems.edit(problem.id, { status: "recovered" });
  };
  if (problem.terminal || problem.code === null) return null;
  if (problem.code === autoplayBlocked) return { label: "Turn on sound", run: solved(() => actions.unblockAudio()) };
  if (problem.code >= 3000 && problem.code < 4000) {
    const about = `${problem.message} ${problem.description}`.toLowerCase();
    if (about.includes("screen")) {
      return store.getState(selectIsConnectedToRoom) ? { label: "Share again", run: solved(() => actions.setScreenShareEnabled(true)) } : null;
    }
    // The SDK publishes an empty track in place of the device; opening it again replaces that.
    const reopen = async () => {
      for (const [word, select] of [["audio", selectLocalAudioTrackID], ["video", selectLocalVideoTrackID]] as const) {
        const id = store.getState(select);
        if (!id || !(about.includes(word) || !/audio|video/.test(about))) continue;
        await actions.setEnabledTrack(id, false);
        await actions.setEnabledTrack(id, true);
      }
    };
    return { label: "Try again", run: solved(reopen) };
  }
  return null;
}
