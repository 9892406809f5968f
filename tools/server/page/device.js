// @ts-check
/** One device: its facts, its readings, its chain, its refused messages, and the decisions about it. */
import { Refusal, ask, download, order } from "./api.js";
import { calm } from "./calm.js";
import { confirm } from "./confirm.js";
import { el, fill, foreign, renew, row, say, table } from "./dom.js";
import { gap } from "./alarms.js";
import { badge, count, deviceLink, short, since } from "./format.js";
import { commands } from "./commands.js";
import { profile } from "./profile.js";
import { bytesOf, fields, line } from "./reading.js";
import { readings } from "./readings.js";

const REPORT_COLUMNS = ["Counter", "Received", "Reading", "Follows", "Hash"];
const REFUSAL_COLUMNS = ["When", "Request", "Reason"];
const LISTED = 20;
const KEPT_MAX = 1000;
const SETTLE_MS = 250;
const POLL_MS = 10_000;

/** Explanations of refusals for operators. */
const REASONS = new Map(
  Object.entries({
    malformed: "its signature is valid, but the content is no report",
    "bad-signature": "the signature is not by its key",
    "wrong-audience": "it was meant for another server",
    forked: "it contradicts the chain",
    "stale-session": "it belongs to an older session: the device enrols again and continues",
    suspended: "the device is suspended",
    revoked: "the device is revoked, or was replaced",
    "handover-refused": "its order to rotate was wrong or too old: it keeps its key",
    "stale-nonce": "its challenge was too old",
    "not-invited": "it may not enrol",
    busy: "its rate was too high, or the server was busy",
  }),
);

/** Decisions: the scope they need, the states in which they are allowed, and their effect. */
const DECISIONS = [
  {
    verb: "suspend",
    name: "Suspend…",
    yes: "Suspend",
    scope: "operate",
    from: ["active"],
    text: "The server refuses its reports until it is restored. The device learns this from a signed refusal and tries again within 20 minutes.",
  },
  {
    verb: "restore",
    name: "Restore…",
    yes: "Restore",
    scope: "operate",
    from: ["suspended"],
    text: "The server accepts its reports again.",
  },
  {
    verb: "revoke",
    name: "Revoke…",
    yes: "Revoke permanently",
    scope: "admin",
    from: ["active", "suspended"],
    danger: true,
    text: "The server refuses its key permanently. This cannot be undone. Its stored reports stay and can still be verified.",
  },
];

/**
 * Show a device.
 *
 * @param {import("./main.js").Page} page
 * @param {string} id
 */
export function device(page, id) {
  const path = `/v1/devices/${encodeURIComponent(id)}`;
  /** @type {Map<number, any>} */
  const reports = new Map();
  let listed = LISTED;

  const state = badge("");
  const actions = el("div", { class: "buttons" });
  const facts = el("dl", { class: "facts" });
  const plotted = readings(page, path);
  const queue = commands(page, path, () => shown.now());
  const words = profile(page, path, () => shown.now());
  const chain = el("div");
  const refusals = el("div");
  const alarms = el("div");
  const gaps = el("div");
  const more = el("button", { type: "button", class: "more", onclick: () => showMore() }, "Show more");
  const element = el(
    "section",
    {},
    el("p", { class: "crumbs" }, el("a", { href: "#/" }, "Devices"), " / ", short(id)),
    el("h1", { class: "device-name" }, "Device ", el("span", { class: "mono" }, short(id)), state),
    actions,
    alarms,
    facts,
    words.element,
    el("h2", {}, "Readings"),
    plotted.element,
    el("h2", {}, "Chain"),
    gaps,
    chain,
    el("h2", {}, "Commands"),
    queue.element,
    el("h2", {}, "Refusals"),
    refusals,
  );

  async function refresh() {
    try {
      await update();
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error;
      fill(element, el("p", { class: "empty" }, "There is no such device. ", el("a", { href: "#/" }, "All devices")));
    }
  }

  async function update() {
    const newest = Math.max(0, ...reports.keys());
    const fresh = newest === 0 ? `limit=500` : `limit=${KEPT_MAX}&after=${newest}`;
    const [view, more, refused, alarmed] = await Promise.all([
      ask(path),
      ask(`${path}/reports?${fresh}`),
      ask(`/v1/refusals?device=${encodeURIComponent(id)}`),
      ask("/v1/alarms?limit=1000"),
      queue.refresh(),
    ]);
    for (const report of more.reports) reports.set(report.counter, { ...report, fields: fields(report.data) });
    for (const counter of [...reports.keys()].slice(0, -KEPT_MAX)) reports.delete(counter);
    showFacts(view);
    showState(view.state);
    words.show(view);
    if (more.reports.length > 0 || newest === 0) {
      plotted.show([...reports.values()]);
      showChain();
    }
    showRefusals(refused);
    showAlarms(alarmed);
  }

  /** @param {any} view */
  function showFacts(view) {
    const failed = [...reports.values()].findLast(({ outage }) => outage !== null);
    const shown = /** @type {[string, import("./dom.js").Child][]} */ ([
      ...(view.name === "" ? [] : [["Name", foreign(view.name)]]),
      ...(view.labels.length === 0 ? [] : [["Labels", foreign(view.labels.join(", "))]]),
      ...(view.note === "" ? [] : [["Note", foreign(view.note)]]),
      ["Last contact", since(view.lastSeen)],
      ["Counter", count(view.counter)],
      ["Reports", count(view.reports)],
      ...(view.archived === 0 ? [] : [["Of these archived or erased", count(view.archived)]]),
      ["Counters skipped", count(view.gaps)],
      ["Commands", sent(view.commands)],
      ["Board", foreign(view.model)],
      ["Firmware", foreign(`${view.software} ${view.version}`)],
      ["Starts", count(view.bootCount)],
      ["Enrolled", since(view.firstSeen)],
      ...(view.successor === null ? [] : [["Replaced by", deviceLink(view.successor)]]),
      ["Last outage", failed === undefined ? "none in its newest reports" : lastOutage(failed)],
      ["Id", el("code", { class: "whole" }, view.id)],
      ["Public key", el("code", { class: "whole" }, view.key)],
    ]);
    renew(facts, ...shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }

  /** @param {string} now */
  function showState(now) {
    if (state.dataset["state"] === now) return;
    state.dataset["state"] = now;
    say(state, now);
    const allowed = DECISIONS.filter(({ from, scope }) => from.includes(now) && page.may(scope));
    const buttons = allowed.map((decision) =>
      el(
        "button",
        {
          type: "button",
          class: decision.danger ? "danger" : "",
          onclick: () => void page.attempt(() => decide(decision)),
        },
        decision.name,
      ),
    );
    queue.allow(now === "active" && page.may("operate"));
    fill(
      actions,
      ...buttons,
      el("button", { type: "button", class: "quiet", onclick: () => void page.attempt(save) }, "Export"),
    );
  }

  /** @param {typeof DECISIONS[number]} decision */
  async function decide({ verb, yes, text, danger }) {
    const title = `${verb[0]?.toUpperCase()}${verb.slice(1)} device ${short(id)}?`;
    const reason = await confirm({ title, text, yes, danger: danger ?? false, reason: true });
    if (reason === undefined) return;
    const { state: now } = await order(`${path}/${verb}`, { reason });
    showState(now);
    page.announce(`Device ${short(id)} is ${now}.`);
    await shown.now();
    // The button that was pressed may be gone: the focus goes to where the news is.
    if (!actions.contains(document.activeElement)) page.focusTitle();
  }

  /** Save the chain as NDJSON, which `signet verify` checks. */
  async function save() {
    const blob = await download(`${path}/export`);
    const url = URL.createObjectURL(blob);
    el("a", { href: url, download: `${id}.ndjson` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  function showChain() {
    const all = [...reports.values()].toSorted((a, b) => a.counter - b.counter);
    const skipped = Math.max(0, all.length - listed);
    const rows = all.slice(skipped).map((report, i) => {
      const before = all[skipped + i - 1];
      return row(REPORT_COLUMNS, [
        count(report.counter),
        since(report.receivedAt),
        [
          foreign(line(report.fields)),
          report.epitaph !== null && epitaph(report.epitaph),
          report.damaged !== null && damaged(report.damaged),
          report.outage !== null && outage(report.outage),
        ],
        follows(report, before),
        el("code", { title: report.hash }, short(report.hash)),
      ]);
    });
    if (rows.length === 0) fill(chain, el("p", { class: "empty" }, "The chain is empty until the first report."));
    else fill(chain, table("Newest reports of the chain", REPORT_COLUMNS, rows.toReversed()), skipped > 0 && more);
  }

  function showMore() {
    listed *= 5;
    showChain();
  }

  /** @param {any} refused */
  function showRefusals({ counts, recent }) {
    const sums = Object.entries(counts).map(([reason, number]) =>
      el("li", {}, el("b", {}, `${count(number)} × ${reason}`), REASONS.has(reason) && `: ${REASONS.get(reason)}`),
    );
    if (sums.length === 0) {
      renew(refusals, el("p", { class: "empty" }, "No refusals for this device since the server started."));
      return;
    }
    const rows = recent.map((/** @type {any} */ { at, asked, reason }) =>
      row(REFUSAL_COLUMNS, [since(at), asked, reason]),
    );
    renew(refusals, el("ul", { class: "sums" }, ...sums), table("Newest refusals", REFUSAL_COLUMNS, rows));
  }

  /** @param {any} alarmed */
  function showAlarms({ alarms: logged, gaps: missing, bursts }) {
    const own = [...logged, ...bursts].filter((one) => one.device === id);
    const lost = missing.filter((/** @type {any} */ one) => one.device === id);
    fill(
      gaps,
      ...lost.map((/** @type {any} */ { at, detail }) =>
        el("p", { class: "warning" }, since(at), ` a backup was restored: ${gap(detail)}.`),
      ),
    );
    fill(
      alarms,
      own.length > 0 &&
        el(
          "p",
          { class: "warning" },
          `${own.length === 1 ? "An alarm names" : `${own.length} alarms name`} this device. `,
          el("a", { href: "#/alarms" }, "See alarms"),
        ),
    );
  }

  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  const poll = setInterval(() => document.hidden || shown.soon(), POLL_MS);

  return {
    title: `Device ${short(id)}`,
    element,
    refresh: shown.now,
    /** @param {any} happening */
    hear(happening) {
      if (happening.device !== id && happening.claimed !== id) return;
      if (happening.kind === "state") showState(happening.state);
      shown.soon();
    },
    close() {
      clearInterval(poll);
      shown.stop();
      plotted.close();
    },
  };
}

/**
 * Tell how a report follows the one before it in the list.
 *
 * @param {any} report
 * @param {any} before
 */
function follows(report, before) {
  if (/^0+$/.test(report.prev)) return "the first";
  if (before === undefined) return el("code", { title: report.prev }, short(report.prev));
  if (report.prev !== before.hash) return el("strong", { class: "bad" }, "✗ not the one before");
  const skipped = report.counter - before.counter - 1;
  return `✓ ${count(before.counter)}${skipped > 0 ? `, ${count(skipped)} skipped` : ""}`;
}

/**
 * Describe the commands for a device. It obeyed only a command that it acknowledged by hash.
 *
 * @param {{ queued: number, acknowledged: number, passed: number }} counters
 */
function sent({ queued, acknowledged, passed }) {
  if (queued === 0) return "none";
  const last = acknowledged === 0 ? "none obeyed" : `obeyed up to ${count(acknowledged)}`;
  const lost = passed > acknowledged ? `, none up to ${count(passed)} any more` : "";
  return `${count(queued)} queued, ${last}${lost}`;
}

/**
 * Tell that the device repaired its store.
 *
 * @param {number} records
 */
function damaged(records) {
  return el("span", { class: "epitaph" }, `repaired ${count(records)} damaged records`);
}

/**
 * Tell why the link was down before a report.
 *
 * @param {{ text: string }} outage
 */
function outage({ text }) {
  return el("span", { class: "epitaph" }, `before it, ${text}`);
}

/**
 * Tell of an outage, and when the device reported it.
 *
 * @param {{ outage: { text: string }, receivedAt: number }} report
 */
function lastOutage({ outage, receivedAt }) {
  return el("span", {}, `${outage.text}, reported `, since(receivedAt));
}

/**
 * Show an epitaph: why the device gave up before.
 *
 * @param {string} hex
 */
function epitaph(hex) {
  const text = Array.from(bytesOf(hex), (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(
    "",
  );
  return el("span", { class: "epitaph" }, "ended before with ", foreign(text));
}
