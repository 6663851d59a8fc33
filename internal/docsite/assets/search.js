// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Searches the pages by the words that are typed: every word has to be in a section,
// those in headings count most. The index is fetched when somebody begins to type.
(() => {
  const root = document.currentScript.dataset.root;
  const form = document.getElementById('search');
  const input = form.querySelector('input');
  const found = document.getElementById('found');
  const article = document.querySelector('article');
  let index;

  form.hidden = false;
  // The menu is open beside the page, and folded above it on a narrow screen.
  const wide = matchMedia('(min-width: 801px)');
  const fold = () => { document.querySelector('nav details').open = wide.matches; };
  wide.addEventListener('change', fold);
  fold();

  const load = () => index ??= fetch(`${root}search.json`).then(r => r.json()).then(all => all.map(e => ({
    ...e, head: `${e.p} ${e.h ?? ''}`.toLowerCase(), body: e.t.toLowerCase(),
  }))).catch(e => { index = undefined; throw e; });

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  // around is the text near the first word, with what was found marked.
  function around(text, words) {
    const p = document.createElement('p');
    const at = Math.max(0, Math.min(...words.map(w => text.toLowerCase().indexOf(w)).filter(i => i >= 0), text.length) - 60);
    const cut = (at > 0 ? '… ' : '') + text.slice(at, at + 200) + (at + 200 < text.length ? ' …' : '');
    const pattern = new RegExp(`(${words.map(w => w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'gi');
    for (const [i, part] of cut.split(pattern).entries()) p.append(i % 2 ? element('mark', part) : part);
    return p;
  }

  function score(e, words) {
    let sum = 0;
    for (const w of words) {
      if (e.head.includes(w)) sum += e.head.split(/[^a-z0-9_.-]+/).includes(w) ? 40 : 20;
      else if (e.body.includes(w)) sum += 1 + Math.min(4, e.body.split(w).length - 1);
      else return 0;
    }
    return sum;
  }

  async function search() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) {
      found.hidden = true;
      article.hidden = false;
      return;
    }
    let all;
    try {
      all = await load();
    } catch {
      found.replaceChildren(element('h1', 'Search'), element('p', 'The index could not be loaded. Try again.'));
      found.hidden = false;
      return;
    }
    if (words.join(' ') !== input.value.toLowerCase().split(/\s+/).filter(Boolean).join(' ')) return; // typed on meanwhile
    const hits = all.map(e => [score(e, words), e]).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0]).slice(0, 30);
    const list = document.createElement('ol');
    for (const [, e] of hits) {
      const li = document.createElement('li');
      li.append(Object.assign(element('a', e.h ? `${e.p}: ${e.h}` : e.p), { href: root + e.u }), around(e.t, words));
      list.append(li);
    }
    found.replaceChildren(element('h1', hits.length ? 'Search' : 'Nothing found'), list);
    found.hidden = false;
    article.hidden = true;
  }

  input.addEventListener('input', search);
  form.addEventListener('submit', event => {
    event.preventDefault();
    found.querySelector('a')?.click();
  });
  found.addEventListener('click', event => {
    if (event.target.closest('a')) { // it may lead to a place on this very page
      found.hidden = true;
      article.hidden = false;
    }
  });
  document.addEventListener('keydown', event => {
    if (event.key === '/' && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      input.focus();
    }
    if (event.key === 'Escape' && document.activeElement === input) {
      input.value = '';
      search();
    }
  });
})();
