/** After a restore: the decisions that an operator made since the backup, repeated from a copy of the log. */
import { fromHex, hex } from "../wire/bytes.ts";
import * as decisions from "./decisions.ts";
import { erase } from "./erase.ts";
import * as log from "./log.ts";
import * as profile from "./profile.ts";
import { REPLACE, replace } from "./replacement.ts";
import * as rules from "./rules.ts";
import type { AuditRow } from "./store/schema.ts";
import { transfer, TRANSFER, type Transfer } from "./transfer.ts";
import * as withdrawal from "./withdrawal.ts";

type Outcome = "repeated" | "in force" | "NOT repeated";

/** One decision of the log. */
interface Lost {
  readonly desk: decisions.Desk;
  readonly device: Uint8Array;
  /** The fields of the entry: texts and numbers, as its action writes them. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

/** Repeat a decision; say the outcome, and the decision with what is left to do. */
type Repeat = (lost: Lost) => Promise<[Outcome, string]>;

function state(action: string, wanted: decisions.Decided): Repeat {
  return async ({ desk, device, reason }) => {
    const change = await decisions.setState(desk, device, wanted, log.MACHINE, reason);
    if (change === "unknown")
      return ["NOT repeated", `${action} ${hex(device)}: the device is unknown; do it when it has enrolled`];
    return [change === "changed" ? "repeated" : "in force", `${action} ${hex(device)}`];
  };
}

const REPEATS: Readonly<Record<string, Repeat>> = {
  revoke: state("revoke", "revoked"),
  suspend: state("suspend", "suspended"),
  restore: state("restore", "active"),
  async [log.ERASED]({ desk, device, reason }) {
    if ((await desk.store.find(device)) === undefined)
      return ["NOT repeated", `erase ${hex(device)}: no such device yet`];
    return ["repeated", (await erase(desk, device, reason, desk.clock())).trimEnd()];
  },
  async "end-token"({ desk, detail }) {
    const ended = await decisions.endToken(desk, String(detail.name), log.MACHINE);
    return [ended > 0 ? "repeated" : "in force", `end-token ${String(detail.name)}`];
  },
  async [withdrawal.WITHDRAW_CLAIM]({ desk, detail, reason }) {
    const count = await withdrawal.claims(desk, [fromHex(String(detail.claim))!], log.MACHINE, reason);
    const what = `withdraw-claim ${String(detail.claim)}`;
    return count > 0 ? ["repeated", what] : ["in force", `${what}, or the claim is unknown`];
  },
  async [withdrawal.WITHDRAW]({ desk, device, detail, reason }) {
    const counters = String(detail.counters);
    for (const counter of counters.split(","))
      await withdrawal.commands(desk, device, Number(counter), log.MACHINE, reason);
    return ["repeated", `withdraw ${hex(device)} ${counters}`];
  },
  async [TRANSFER]({ desk, device, detail, reason }) {
    const { from, to } = detail as unknown as Transfer;
    const done = await transfer(desk, device, { from, to, reason }, log.MACHINE);
    return [typeof done === "number" ? "repeated" : "NOT repeated", `transfer ${hex(device)} to ${to}`];
  },
  async [REPLACE]({ desk, device, detail, reason }) {
    const by = String(detail.successor);
    if ((await replace(desk, device, fromHex(by)!, log.MACHINE, reason)) === "done")
      return ["repeated", `${REPLACE} ${hex(device)} by ${by}`];
    // The key of the dead board must not come back, even if the new board is not known yet.
    await decisions.setState(desk, device, "revoked", log.MACHINE, reason);
    return [
      "NOT repeated",
      `${REPLACE} ${hex(device)} by ${by}: the dead board is revoked; replace it when the new one has enrolled`,
    ];
  },
  async [profile.DESCRIBE]({ desk, device, detail }) {
    const is = await profile.describe(desk, device, profile.changeOf(detail), log.MACHINE);
    return [is === undefined ? "NOT repeated" : "repeated", `${profile.DESCRIBE} ${hex(device)}`];
  },
  async [rules.MAKE_RULE]({ desk, detail }) {
    const made = await rules.make(
      desk,
      { label: null, ...(detail as unknown as Omit<rules.Rule, "label">) },
      log.MACHINE,
    );
    return [made === "made" ? "repeated" : "in force", `${rules.MAKE_RULE} ${String(detail.name)}`];
  },
  async [rules.END_RULE]({ desk, detail }) {
    const ended = await rules.end(desk, String(detail.name), log.MACHINE);
    return [ended ? "repeated" : "in force", `${rules.END_RULE} ${String(detail.name)}`];
  },
};

/** The decisions that cannot be repeated, each with its remedy. */
const REMINDERS: Readonly<Record<string, string>> = {
  token: "tokens were made: make them again",
  claims: "claims were made: devices that did not enrol yet need new ones",
  invite: "ids were put on the allowlist: put them there again",
  downlink: "commands or orders were queued: queue the ones again that no device obeyed",
  enrol:
    "devices enrolled: the server registers them again at their next start. Their claims count as unused: end those by their date",
  archive: "reports left in archives: repeat it with `signet archive` and the same files",
  rotate: "keys were rotated: the devices repeat the handover",
};

/** Repeat the decisions of the lost entries in their order, and list what cannot be known. Return what to print. */
export async function redo(desk: decisions.Desk, lost: readonly AuditRow[] | undefined): Promise<string> {
  const lines = ["not known: reports after the backup; the log will have a gap for each device that continues"];
  if (lost === undefined)
    lines.push("not known: decisions after the backup, because no copy of the log was given: make them again");
  const counts = new Map<string, number>();
  for (const { action, device, detail, seq } of lost ?? []) {
    const repeat = REPEATS[action];
    if (repeat !== undefined) {
      const fields = JSON.parse(detail) as Record<string, unknown>;
      const reason = `restored: entry ${seq} of the log before`;
      const [outcome, what] = await repeat({ desk, device: device ?? new Uint8Array(), detail: fields, reason });
      lines.push(`${outcome}: ${what}`);
    } else if (REMINDERS[action] !== undefined) counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  for (const [action, count] of counts) lines.push(`not repeated: ${count} times ${REMINDERS[action]}`);
  return `${lines.join("\n")}\n`;
}
