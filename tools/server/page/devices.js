// @ts-check
/** All devices: identity, time of the last message, state. */
import { ask } from "./api.js";
import { calm } from "./calm.js";
import { el, fill, foreign, renew, row, say, table } from "./dom.js";
import { badge, count, deviceLink, setTime, since } from "./format.js";

const COLUMNS = ["Device", "State", "Last report", "Counter", "Board", "Firmware", "Reports", "Gaps"];
const HOUR_MS = 3_600_000;
/** Lengths of silence to look for. */
const SILENCES = /** @type {const} */ ([
  ["any time", 0],
  ["an hour", HOUR_MS],
  ["a day", 24 * HOUR_MS],
  ["a week", 168 * HOUR_MS],
  ["a month", 720 * HOUR_MS],
]);
const SHOWN = 200;
const SHOWN_MORE = 1000;

/** Other instances' devices are not in this one's stream; they are asked for. */
const POLL_MS = 10_000;
const SETTLE_MS = 1000;
const TYPING_MS = 300;

/** @typedef {{ view: any, element: HTMLElement, update: (view: any) => void }} Row */

/**
 * Show the devices.
 *
 * @param {import("./main.js").Page} page
 */
export function devices(page) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  let most = SHOWN;

  const search = el("input", {
    id: "search",
    type: "search",
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => typed.soon(),
  });
  const by = el(
    "select",
    { id: "by", onchange: () => void shown.now() },
    ...["id", "name", "label", "board", "firmware"].map((value) => el("option", { value }, value)),
  );
  const silent = el(
    "select",
    { id: "silent", onchange: () => void shown.now() },
    ...SILENCES.map(([name, ms]) => el("option", { value: ms }, name)),
  );
  const state = el(
    "select",
    { id: "state", onchange: () => void shown.now() },
    ...[["", "all states"], ["active"], ["suspended"], ["revoked"], ["replaced"]].map(([value, name = value]) =>
      el("option", { value }, name),
    ),
  );
  const more = el("button", { type: "button", hidden: true, onclick: showMore }, `Show up to ${count(SHOWN_MORE)}`);
  const body = el("div");
  const tiles = el("dl", { class: "tiles", "aria-label": "Sums" });
  const element = el(
    "section",
    {},
    el("h1", {}, "Devices"),
    tiles,
    el(
      "form",
      { class: "filter", role: "search", onsubmit: filter },
      el("label", { for: "search" }, "Find"),
      search,
      el("label", { for: "by" }, "by"),
      by,
      el("label", { for: "state" }, "State"),
      state,
      el("label", { for: "silent" }, "Silent for"),
      silent,
    ),
    body,
    more,
  );
  const listed = table("Devices", COLUMNS, []);

  /** @param {Event} event */
  function filter(event) {
    event.preventDefault();
    void shown.now();
  }

  function showMore() {
    most = SHOWN_MORE;
    void shown.now();
  }

  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  const typed = calm(TYPING_MS, shown.now);
  const poll = setInterval(() => document.hidden || shown.soon(), POLL_MS);

  /** Ask for everything that is shown. */
  async function refresh() {
    const text = by.value === "id" ? search.value.trim().toLowerCase() : search.value.trim();
    const isSound = by.value !== "id" || /^[0-9a-f]{0,64}$/.test(text);
    search.setCustomValidity(isSound ? "" : "An id has the digits 0 to 9 and a to f.");
    if (!search.reportValidity()) return;
    const query = new URLSearchParams({ limit: String(most) });
    if (text) query.set(by.value, text);
    if (state.value) query.set("state", state.value);
    if (silent.value !== "0") query.set("silentSince", String(Date.now() - Number(silent.value)));
    const [{ devices: found }, totals, counts] = await Promise.all([
      ask(`/v1/devices?${query}`),
      ask("/v1/totals"),
      // A token with a label reaches no counts of the whole server.
      page.label === null ? ask("/v1/counts") : undefined,
    ]);
    show(found);
    sums(totals, counts);
    more.hidden = found.length < most || most === SHOWN_MORE;
  }

  /** @param {readonly any[]} found */
  function show(found) {
    if (found.length === 0) {
      rows.clear();
      fill(
        body,
        search.value || state.value || silent.value !== "0"
          ? el("p", { class: "empty" }, "No device matches.")
          : welcome(page),
      );
      return;
    }
    const wanted = new Set(found.map(({ id }) => id));
    for (const [id, { element: gone }] of rows) {
      if (wanted.has(id)) continue;
      gone.remove();
      rows.delete(id);
    }
    const tbody = /** @type {HTMLElement} */ (listed.tBodies[0]);
    // Rows keep their place on the screen; new devices come first.
    for (const view of found.toReversed()) {
      const known = rows.get(view.id);
      if (known !== undefined) known.update(view);
      else {
        const made = deviceRow(view);
        rows.set(view.id, made);
        tbody.prepend(made.element);
      }
    }
    if (!listed.isConnected) fill(body, listed);
  }

  /**
   * The database counts: the list is filtered and has an end.
   *
   * @param {{ devices: Record<string, number>, reports: number }} totals
   * @param {any} counts
   */
  function sums({ devices: { suspended = 0, revoked = 0, ...others }, reports }, counts) {
    const devices = Object.values(others).reduce((sum, one) => sum + one, suspended + revoked);
    const shown = [
      ["Devices", count(devices)],
      ["Suspended", count(suspended)],
      ["Revoked", count(revoked)],
      ["Reports", count(reports)],
      ...(counts === undefined ? [] : sinceStart(counts)),
    ];
    renew(tiles, ...shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }

  /** @param {{ accepted: { reports: number }, refused: Record<string, number> }} counts */
  function sinceStart({ accepted, refused }) {
    const refusals = Object.values(refused).reduce((sum, one) => sum + one, 0);
    return [
      ["Reports since start", count(accepted.reports)],
      ["Refusals since start", count(refusals)],
    ];
  }

  return {
    title: "Devices",
    element,
    refresh: shown.now,
    /** @param {any} happening */
    hear(happening) {
      const known = rows.get(happening.device);
      if (known !== undefined && happening.kind === "state") known.update({ ...known.view, state: happening.state });
      if (known !== undefined && happening.kind === "report" && happening.verdict === "accepted") {
        known.update({
          ...known.view,
          counter: Math.max(known.view.counter, happening.counter),
          lastSeen: happening.at,
        });
      }
      // Fetch the rest at most once per interval, however fast events arrive.
      shown.soon();
    },
    close() {
      clearInterval(poll);
      typed.stop();
      shown.stop();
    },
  };
}

/**
 * Make a row that can be brought up to date without losing the focus in it.
 *
 * @param {any} first
 * @returns {Row}
 */
function deviceRow(first) {
  const [state, counter, reports, gaps] = [badge(first.state), el("span"), el("span"), el("span")];
  const [board, firmware, name] = [foreign(""), foreign(""), foreign("")];
  name.classList.add("soft");
  const seen = since(first.lastSeen);
  const element = row(COLUMNS, [[deviceLink(first.id), name], state, seen, counter, board, firmware, reports, gaps]);
  /** @type {Row} */
  const made = { view: first, element, update };

  /** @param {any} view */
  function update(view) {
    if (view.counter !== made.view.counter) {
      element.classList.remove("fresh");
      requestAnimationFrame(() => element.classList.add("fresh"));
    }
    made.view = view;
    state.dataset["state"] = view.state;
    say(state, view.state);
    setTime(seen, view.lastSeen);
    say(counter, count(view.counter));
    say(name, [view.name, ...view.labels].filter(Boolean).join(" · "));
    say(board, view.model);
    say(firmware, `${view.software} ${view.version}`);
    say(reports, count(view.reports));
    say(gaps, count(view.gaps));
  }

  update(first);
  return made;
}

/**
 * Show instructions while there is no device.
 *
 * @param {import("./main.js").Page} page
 */
function welcome({ server }) {
  const { audience, publicKey, policy } = server;
  return el(
    "div",
    { class: "empty" },
    el("h2", {}, "No device has enrolled yet"),
    el("p", {}, "A device enrols automatically if its factory page names this server. It then appears here."),
    el(
      "ol",
      {},
      el("li", {}, "Add this to the device's ", el("code", {}, "device.json"), ":"),
      el(
        "pre",
        { tabindex: 0, "aria-label": "device.json" },
        JSON.stringify(
          { server: { host: location.hostname, port: Number(location.port || 80), audience, keys: [publicKey] } },
          null,
          2,
        ),
      ),
      policy === "claim" &&
        el("li", {}, "This server requires a claim: ", el("a", { href: "#/sign-up" }, "make one"), "."),
      policy === "allowlist" &&
        el(
          "li",
          {},
          "This server requires an invitation of the id: ",
          el("a", { href: "#/sign-up" }, "invite it"),
          ".",
        ),
      el("li", {}, "Flash the board: ", el("code", {}, "npm run signet -- flash --board … --config device.json")),
    ),
    el("p", {}, "Without a board, ", el("code", {}, "npm start"), " runs a device in an emulator."),
  );
}
