// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The prebuilt room as an app embeds it: a code and this server's endpoints, which
// are in the address as JSON.
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { HMSPrebuilt } from '@100mslive/roomkit-react';
import '@100mslive/roomkit-react/index.css';

const props = JSON.parse(decodeURIComponent(location.hash.slice(1)));
createRoot(document.getElementById('root')).render(createElement(HMSPrebuilt, props));
