// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icons";

/** A modal dialog; the browser keeps the focus in it and closes it on Escape. */
export function Dialog({ title, wide, testid, onClose, children }: { title: string; wide?: boolean; testid?: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const back = document.activeElement as HTMLElement | null;
    dialog.current!.showModal();
    return () => back?.focus?.();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "dialog wide" : "dialog"}
      data-testid={testid}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(e) => e.target === dialog.current && dialog.current?.close()}
    >
      <div class="dialog-inner">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="button square quiet" aria-label="Close" title="Close" data-testid="dialog-close" onClick={() => dialog.current!.close()}>
            <Icon name="close" size={18} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
