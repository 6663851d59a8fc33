// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

// messages yields the data of each message of a stream, parsed.
export async function* messages(body) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length));
    }
  }
}

// inWords is an event in a line, for messages of tests.
export function inWords({ timestamp, type, data, redial }) {
  const parts = [timestamp, type];
  if (data.error_code) parts.push(data.error_code, data.error_name);
  for (const [name, value] of Object.entries({
    fault: redial?.fault, user: data.user_id, peer: data.peer_id, role: data.role, source: redial?.source,
    terminal: data.is_terminal, injected: redial?.injected,
  })) {
    if (value !== undefined && value !== '') parts.push(`${name}=${value}`);
  }
  return parts.join(' ');
}
