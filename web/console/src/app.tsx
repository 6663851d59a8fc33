// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The frame around every page: the box, where to go, who is logged in.
import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, logIn, logOut, me as askMe, onLoggedOut, type Me, type Refusal } from "./api";
import { useDeeds, Waiting } from "./deeds";
import { Keys } from "./keys";
import { Catalogue, CatalogueEntry } from "./pages/catalogue";
import { Causes } from "./pages/causes";
import { FailurePage } from "./pages/failure";
import { Health } from "./pages/health";
import { LiveRoom, LiveRooms } from "./pages/live";
import { Overview } from "./pages/overview";
import { Search } from "./pages/search";
import { SessionPage } from "./pages/session";
import { Injected } from "./injected";
import { Problem, Shapes } from "./parts";
import { go, href, type Route } from "./route";
import { SharedContext, useRoute } from "./state";
import { zones } from "./time";

const pages = [
  { page: "", name: "Overview", key: "o" },
  { page: "search", name: "Search", key: "s" },
  { page: "causes", name: "Causes", key: "c" },
  { page: "live", name: "Live", key: "l" },
  { page: "catalogue", name: "Catalogue", key: "f" },
  { page: "health", name: "Health", key: "h" },
];

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "": return <Overview route={route} />;
    case "search": return <Search route={route} />;
    case "failure": return <FailurePage key={route.id} id={route.id} route={route} />;
    case "session": return <SessionPage key={route.id} id={route.id} route={route} />;
    case "causes": return <Causes id={route.id} route={route} />;
    case "live": return route.id ? <LiveRoom key={route.id} id={route.id} /> : <LiveRooms />;
    case "catalogue": return route.id ? <CatalogueEntry key={route.id} id={route.id} /> : <Catalogue route={route} />;
    case "health": return <Health />;
  }
  return <><h1>There is no such page</h1><p><a href="#/">Overview</a></p></>;
}

/** Takes a login out of the fragment, so that no history keeps it. */
function takeLogin(): string {
  const m = /[?&]login=([\w-]+)/.exec(location.hash);
  if (!m) return "";
  history.replaceState(null, "", location.hash.replace(/[?&]login=[\w-]+/, "").replace(/^(#[^?]*)&/, "$1?") || "#/");
  dispatchEvent(new HashChangeEvent("hashchange"));
  return m[1]!;
}

/** What index.html shows before this script is there, until it is known who has logged in. */
const Coming = () => <><header><a class="brand" href="#/">Redial <span>console</span></a></header><main><Shapes rows={3} /></main></>;

export function App() {
  const route = useRoute();
  const [me, setMe] = useState<Me>();
  const [out, setOut] = useState(false); // somebody was logged in
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<Refusal>();
  const [utc, setUTC] = useState(() => localStorage.getItem("console.utc") === "1");
  const [theme, setTheme] = useState(() => localStorage.getItem("console.theme") ?? "");
  const [said, setSaid] = useState("");
  const [help, setHelp] = useState(false);
  const box = useRef<HTMLInputElement>(null);

  const failed = (error: unknown) => {
    const refusal = asRefusal(error);
    const nobody = refusal.fault === "console.login" && !refusal.details.some((d) => d.includes("link"));
    if (!nobody) setProblem(refusal); // that nobody is logged in is no problem of theirs
  };
  useEffect(() => {
    const come = async () => {
      const code = takeLogin();
      if (code) {
        const now = await logIn({ code }).catch((error: unknown) => void failed(error));
        if (now) return now;
      }
      return askMe();
    };
    come().then(setMe, failed).finally(() => setAsked(true));
    const changed = () => {
      const code = takeLogin();
      if (code) logIn({ code }).then((now) => (setMe(now), setOut(false)), failed);
    };
    addEventListener("hashchange", changed);
    const stop = onLoggedOut(() => setOut(true));
    return () => (removeEventListener("hashchange", changed), stop());
  }, []);
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("console.theme", theme);
  }, [theme]);
  useEffect(() => localStorage.setItem("console.utc", utc ? "1" : ""), [utc]);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), 5000);
    return () => clearTimeout(timer);
  }, [said]);

  const deeds = useDeeds(setSaid);
  if (!asked) return <Coming />;
  const loggedIn = (now: Me) => (setMe(now), setOut(false), setProblem(undefined));
  if (!me) return <main class="login-page"><Login problem={problem} done={loggedIn} /></main>;

  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const zone = utc ? zones.utc : zones.own;
  const shared = { me, zone, may: (right: string) => me.rights.includes(right), say: setSaid, deeds };
  const open = pages.filter((p) => p.page === "search" || p.page === "catalogue" || shared.may("read"));
  return (
    <SharedContext.Provider value={shared}>
      <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), document.querySelector<HTMLElement>("h1")?.focus())}>To the content</a>
      <header>
        <a class="brand" href="#/">Redial <span>console</span></a>
        <Box box={box} route={route} />
        <div class="corner">
          <button aria-pressed={utc} onClick={() => setUTC(!utc)} title="Times in UTC, or in your zone (t)">{utc ? "UTC" : "Local"}</button>
          <button onClick={() => setTheme(dark ? "light" : "dark")} title="Light or dark">{dark ? "Light" : "Dark"}</button>
          <button onClick={() => setHelp(true)} title="Keys (?)">?</button>
          <button onClick={() => {
            deeds.waiting.forEach((d) => deeds.undo(d.key)); // nobody is there to take it back, and who logs in next has not asked for it
            void logOut().finally(() => (setMe(undefined), setProblem(undefined)));
          }}>Log out</button>
        </div>
        <nav aria-label="Pages">
          {open.map((p) => (
            <a key={p.page} href={href(p.page)} aria-current={route.page === p.page ? "page" : undefined}>{p.name}</a>
          ))}
        </nav>
      </header>
      <Injected />
      <Waiting />
      <Keys pages={open} box={box} page={route.page} say={setSaid} help={help} setHelp={setHelp} toggleUTC={() => setUTC((u) => !u)} />
      {out && <div class="veil"><Login problem={problem} done={loggedIn} again /></div>}
      <main id="main"><Page route={route} /></main>
      <div class="said" role="status" aria-live="polite">{said}</div>
    </SharedContext.Provider>
  );
}

/** The one box: a name, a room, a code, a time. */
function Box({ box, route }: { box: { current: HTMLInputElement | null }; route: Route }) {
  const [text, setText] = useState("");
  useEffect(() => {
    if (route.page === "search") setText(route.query.get("q") ?? "");
  }, [route.page, route.query.get("q")]);
  return (
    <form
      class="box" role="search"
      onSubmit={(e) => {
        e.preventDefault();
        go(href("search", "", { q: text.trim(), n: String(Date.now() % 1e6) }));
      }}
    >
      <label class="hidden" for="box">Search for people: a name and a time</label>
      <input
        id="box" ref={box} value={text} onInput={(e) => setText(e.currentTarget.value)} autocomplete="off" spellcheck={false} maxLength={256}
        autofocus={route.page === "" || route.page === "search"} enterKeyHint="search" placeholder="Who, and when: mia yesterday 14:05"
      />
      <button>Search</button>
    </form>
  );
}

function Login({ problem, done, again = false }: { problem?: Refusal; done: (me: Me) => void; again?: boolean }) {
  const [error, setError] = useState(problem);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="login" aria-labelledby="login"
      onSubmit={(e) => {
        e.preventDefault();
        const token = field.current!.value.trim();
        field.current!.value = "";
        logIn({ token }).then(done, (error: unknown) => setError(asRefusal(error)));
      }}
    >
      <h1 id="login">{again ? "Your login is over" : "Redial console"}</h1>
      <p>{again ? "What you see stays. Log in to go on." : <>Run <code>redial console</code> and open the link that it prints, or paste a console token.</>}</p>
      {error && <Problem error={error} />}
      <label for="token">Console token</label>
      <input id="token" ref={field} type="password" autocomplete="off" required />
      <button class="strong">Log in</button>
    </form>
  );
}
