// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Lets a witness see what any SDK does with the browser. Nothing of it changes for
 * the page: constructors and functions are the browser's own behind a Proxy, so
 * prototypes, instanceof, subclasses, static members and errors stay as they are.
 */
import type { Witness } from "../../core/src/witness";

type Any = any; // eslint-disable-line -- names that not every browser has

export function wrap(witness: Witness): void {
  const page = window as Any;
  const Native = page.RTCPeerConnection;
  if (Native) {
    const Wrapped: Any = new Proxy(Native, {
      construct(target, args, newTarget): Any {
        const pc = Reflect.construct(target, args, newTarget);
        safely(() => witness.watch(pc));
        return pc;
      },
    });
    Native.prototype.constructor = Wrapped;
    for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) if (page[name] === Native) page[name] = Wrapped;
  }

  const replace = (owner: Any, name: string, apply: (native: Any, self: Any, args: Any[]) => Any) => {
    const native = owner?.[name];
    if (native) owner[name] = new Proxy(native, { apply });
  };
  const kinds = (wanted: Any) => ["audio", "video"].filter((kind) => wanted?.[kind]).join();
  const devices = page.MediaDevices?.prototype;
  replace(devices, "getUserMedia", (native, self, args) => witness.asked(kinds(args[0]), Reflect.apply(native, self, args) as Promise<Any>));
  replace(devices, "getDisplayMedia", (native, self, args) => witness.asked("screen", Reflect.apply(native, self, args) as Promise<Any>));
  // The old form, with callbacks.
  for (const name of ["getUserMedia", "webkitGetUserMedia", "mozGetUserMedia"]) {
    replace(page.Navigator?.prototype, name, (native, self, [wanted, done, failed, ...rest]) => {
      const began = Date.now();
      const heard = (callback: Any, hear: (v: Any) => void) =>
        typeof callback !== "function" ? callback : new Proxy(callback, {
          apply(target, self, args) {
            safely(() => hear(args[0]));
            return Reflect.apply(target, self, args);
          },
        });
      return Reflect.apply(native, self, [wanted, heard(done, (s) => witness.got(kinds(wanted), began, s)), heard(failed, (e) => witness.refused(kinds(wanted), began, e)), ...rest]);
    });
  }
}

/** A witness never fails the page. */
function safely(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.warn("witness:", error);
  }
}
