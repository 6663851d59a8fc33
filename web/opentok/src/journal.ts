// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/** How many lines are kept for reports. */
const most = 100;

/** What the library and the app log: on the console, and kept for reports of issues. */
export class Journal {
  /** 0 for nothing, 1 for errors, 2 for warnings, up to 5. */
  level = 1;
  readonly lines: string[] = [];

  note(level: number, text: string): void {
    this.lines.push(`${new Date().toISOString()} ${text.slice(0, 500)}`);
    if (this.lines.length > most) this.lines.shift();
    if (level <= this.level) console[level <= 1 ? "error" : level === 2 ? "warn" : "log"](`OT: ${text}`);
  }
}
