// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// RedialError is a refusal of the REST API.
export class RedialError extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path}: ${status} ${typeof body === 'string' ? body.slice(0, 200) : body?.message ?? JSON.stringify(body)}`);
    this.name = 'RedialError';
    this.status = status;
    this.body = body;
    this.fault = body?.fault?.id;
  }
}
