// @ts-check
/** The page: signing in, the choice of the view, and events from the server. */
import { alarms, isOpen, together } from "./alarms.js";
import { Refusal, Unreachable, ask, forgetToken, keepToken, listen, signedIn } from "./api.js";
import { device } from "./device.js";
import { devices } from "./devices.js";
import { el, fill, get, say } from "./dom.js";
import { count, deviceLink, tick } from "./format.js";
import { log } from "./log.js";
import { signUp } from "./sign_up.js";
import { tokens } from "./tokens.js";

/**
 * The functions of the page that a view uses.
 *
 * @typedef {object} Page
 * @property {{ audience: string, publicKey: string, policy: string }} server
 * @property {string | null} label The label of the token: it reaches no other devices, and no list of all. Null without one.
 * @property {(scope: string) => boolean} may Return true if the token's scope includes another.
 * @property {(work: () => Promise<void>) => Promise<void>} attempt Do something, and show an error if it fails.
 * @property {(text: string, seen?: boolean) => void} announce Tell screen readers, and show the text too if `seen`.
 * @property {(number: number) => void} countAlarms
 * @property {() => void} focusTitle
 */

/** @typedef {{ title: string, element: HTMLElement, refresh: () => Promise<void>, hear: (happening: any) => void, close: () => void }} View */

const SCOPES = ["read", "operate", "admin"];

const CONNECTION = /** @type {Record<string, string>} */ ({
  off: "",
  connecting: "Connecting…",
  live: "Live",
  waiting: "Server not reached, retrying…",
});

/** @type {View | undefined} */
let view;
/** @type {AbortController | undefined} */
let session;

/** @param {keyof typeof CONNECTION} state */
function connection(state) {
  get("connection").dataset["state"] = state;
  say(get("connection"), CONNECTION[state] ?? "");
}

/**
 * Show a line above everything until it is dismissed.
 *
 * @param {"alarm" | "error" | "news"} kind
 * @param {...import("./dom.js").Child} text
 */
function banner(kind, ...text) {
  const close = el("button", { type: "button", class: "quiet", onclick: () => fill(get("banner")) }, "Dismiss");
  const shown = el("div", { class: kind }, el("span", {}, ...text), close);
  // Do not repeat the same announcement to a screen reader.
  if (get("banner").textContent !== shown.textContent) fill(get("banner"), shown);
}

/** Sign in: nothing is shown before the token was found good. */
async function start() {
  session?.abort();
  if (!signedIn()) return showSignIn();
  session = new AbortController();
  const { signal } = session;
  connection("connecting");
  try {
    const [me, server] = await Promise.all([ask("/v1/me"), ask("/v1/server")]);
    if (signal.aborted) return;
    const page = makePage(me, server);
    say(get("audience"), server.audience);
    get("nav").hidden = get("sign-out").hidden = false;
    for (const link of get("nav").querySelectorAll("a")) link.hidden = me.label !== null && "all" in link.dataset;
    get("sign-out").title =
      `Signed in as ${me.name}, scope ${me.scope}${me.label === null ? "" : `, label ${me.label}`}`;
    const go = () => route(page);
    addEventListener("hashchange", go, { signal });
    go();
    await listen(
      (happening) => hear(page, happening),
      (state) => {
        connection(state);
        if (state !== "live") return;
        get("banner").querySelector(".error")?.remove();
        void page.attempt(() => caughtUp(page));
      },
      signal,
    );
  } catch (error) {
    if (!signal.aborted) signOut(reason(error));
  }
}

/** @param {unknown} error */
function reason(error) {
  if (error instanceof Refusal && error.status === 401)
    return "The server does not know this token. It may have been revoked.";
  if (error instanceof Refusal && error.status === 429) return "Too many wrong tokens: wait a few seconds.";
  if (error instanceof Unreachable) return "The server cannot be reached.";
  return `The server answered: ${error instanceof Error ? error.message : String(error)}.`;
}

/** @param {string} [why] */
function signOut(why) {
  session?.abort();
  forgetToken();
  showSignIn(why);
}

/** @param {string} [why] */
function showSignIn(why) {
  view?.close();
  view = undefined;
  connection("off");
  fill(get("banner"));
  say(get("audience"), "");
  get("nav").hidden = get("sign-out").hidden = true;
  document.title = "Sign in · Signet";
  const token = el("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "token-hint",
    "aria-invalid": why !== undefined,
  });
  const form = el(
    "form",
    {
      class: "sign-in",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const secret = token.value.trim();
        if (!/^[\x21-\x7e]{1,100}$/.test(secret)) return showSignIn("This is no token: a token begins with signet_.");
        keepToken(secret);
        void start();
      },
    },
    el("h1", {}, "Sign in"),
    el("label", { for: "token" }, "Token"),
    token,
    why !== undefined && el("p", { class: "bad", role: "alert" }, why),
    el("button", { type: "submit", class: "primary" }, "Sign in"),
    el(
      "p",
      { id: "token-hint", class: "soft" },
      "The server prints a token at its first start. This tab keeps it until you close the tab or sign out.",
    ),
  );
  fill(get("main"), form);
  token.focus();
}

/**
 * @param {{ name: string, scope: string, label: string | null }} me
 * @param {Page["server"]} server
 * @returns {Page}
 */
function makePage(me, server) {
  return {
    server,
    label: me.label,
    may: (scope) => SCOPES.indexOf(me.scope) >= SCOPES.indexOf(scope),
    async attempt(work) {
      try {
        await work();
      } catch (error) {
        if (error instanceof Refusal && error.status === 401) signOut(reason(error));
        else banner("error", reason(error));
      }
    },
    announce(text, seen = false) {
      say(get("announcer"), text);
      if (seen) banner("news", text);
    },
    countAlarms(number) {
      get("alarm-count").hidden = number === 0;
      say(get("alarm-count"), count(number));
    },
    focusTitle,
  };
}

function focusTitle() {
  const title = get("main").querySelector("h1");
  title?.setAttribute("tabindex", "-1");
  title?.focus();
}

/**
 * Show the view that the address names.
 *
 * @param {Page} page
 */
function route(page) {
  const before = view;
  const [, name = "", id = ""] = location.hash.split("/");
  if (location.hash !== "" && !location.hash.startsWith("#/")) return;
  before?.close();
  const made = name === "device" ? device(page, id) : (VIEWS.get(name) ?? devices)(page);
  view = made;
  document.title = `${made.title} · Signet`;
  for (const link of get("nav").querySelectorAll("a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  fill(get("main"), made.element);
  // Leave the focus alone at the first view; later move it to the new view.
  if (before !== undefined) focusTitle();
  scrollTo(0, 0);
  void made.refresh();
}

/** @type {Map<string, (page: Page) => View>} */
const VIEWS = new Map(Object.entries({ "": devices, alarms, "sign-up": signUp, tokens, log }));

/**
 * Fetch the changes since the connection was lost.
 *
 * @param {Page} page
 */
async function caughtUp(page) {
  page.countAlarms(together(await ask("/v1/alarms?limit=1000")).filter(isOpen).length);
  await view?.refresh();
}

/**
 * @param {Page} page
 * @param {any} happening
 */
function hear(page, happening) {
  view?.hear(happening);
  if (happening.kind === "alarm") {
    const about = happening.device === null ? [] : [" about device ", deviceLink(happening.device)];
    banner("alarm", "Alarm", ...about, `: ${happening.what}. `, el("a", { href: "#/alarms" }, "See alarms"));
    void page.attempt(() => caughtUp(page));
  }
}

get("sign-out").addEventListener("click", () => signOut());
setInterval(tick, 1000);
void start();
