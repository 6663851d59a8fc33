// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

for(const t of document.querySelectorAll("time")){const d=new Date(t.dateTime);if(!isNaN(d))t.textContent=new Intl.DateTimeFormat(document.documentElement.lang,{dateStyle:"full",timeStyle:"short"}).format(d)}
