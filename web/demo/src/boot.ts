// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Runs before anything of the SDK does: it is the first script of the page, and
 * it imports nothing of the SDK.
 */
import { Witness } from "../../core/src/witness";
import { wrap } from "../../witness/src/wrap";
import { redirectReports, type Report } from "./report-redirect";
import { Emitter } from "./emitter";
import { Paths } from "./paths";

/** Reports the SDK sends by HTTP, as they pass. */
export const reports = new Emitter<Report>();

redirectReports(location.origin, (report) => reports.emit(report));

/** The media connections that the SDK makes. */
export const paths = new Paths();

class Observer extends Witness {
  override watch(pc: RTCPeerConnection): void {
    super.watch(pc);
    paths.watch(pc);
  }
}

const witness = new Observer("demo");
witness.reportTo(location.origin);
wrap(witness);
