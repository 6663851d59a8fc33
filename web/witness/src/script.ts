// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* `<script src="https://HOST/witness.js"></script>`, before the SDK. See docs/witness.md. */
import { Witness } from "../../core/src/witness";
import { wrap } from "./wrap";

const page = window as { redialWitness?: Witness };
const script = document.currentScript as HTMLScriptElement | null;
if (!page.redialWitness && script?.src) {
  const witness = new Witness("witness.js");
  witness.reportTo(script.src);
  wrap(witness);
  Object.defineProperty(page, "redialWitness", { value: witness });
}
