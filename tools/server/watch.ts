/** The watch: look at regular intervals for devices that meet a rule, raise an alarm about each, and clear it when that ends. */
import { hex } from "../wire/bytes.ts";
import type { Intake } from "./intake.ts";
import * as lease from "./lease.ts";
import * as log from "./log.ts";
import type { Reader } from "./reader.ts";
import { Rounds, type RoundsOptions } from "./rounds.ts";
import type { Due } from "./rules.ts";
import { isSealed, sealed } from "./seal.ts";
import type { RuleRow } from "./store/schema.ts";

/** Interval of two looks. */
const LOOK_MS = 30_000;
/** Longer than a look takes; another instance takes over after it. */
const LEASE_MS = 90_000;
/** After a start, devices that could not reach the server have this time to come back before they count as silent. */
const GRACE_MS = 15 * 60_000;
/** Alarms in one transaction: it signs each entry, and devices wait for it. */
const PART = 50;

export interface WatchOptions extends RoundsOptions {
  readonly ticks: () => number;
  readonly reader: Reader;
  readonly intake: Intake;
}

/** Each round looks once at every rule. */
export class Watch extends Rounds {
  private readonly options: WatchOptions;
  private readonly began: number;

  constructor(options: WatchOptions) {
    super("watch", LOOK_MS, options);
    this.options = options;
    this.began = options.ticks();
  }

  protected async round(): Promise<void> {
    const { store, keys, clock, ticks, reader } = this.options;
    const rules = await store.read.selectFrom("rules").selectAll().execute();
    if (rules.length === 0 || !(await lease.take(store, this.lease, clock(), LEASE_MS))) return;
    for (const rule of rules) {
      // A rule without the server's seal is left to the audit.
      if (!isSealed(keys.seal, "rules", rule)) continue;
      const isEarly = ticks() - this.began < Math.min(GRACE_MS, Number(rule.value));
      if (rule.kind === "silent" && isEarly) continue;
      const due = await reader.ask("due", { rule, now: clock() });
      for (let i = 0; i < due.raise.length; i += PART) await this.raise(rule, due.raise.slice(i, i + PART));
      for (let i = 0; i < due.clear.length; i += PART) await this.clear(rule, due.clear.slice(i, i + PART));
    }
  }

  private async raise({ name }: RuleRow, found: Due["raise"]): Promise<void> {
    const { store, keys, clock, intake } = this.options;
    const isRaised = await store.write(async (tx) => {
      const now = clock();
      const rule = tx.selectFrom("rules").select("name").where("name", "=", name);
      const isThere = (await store.locked(rule).executeTakeFirst()) !== undefined;
      if (!isThere || !(await lease.isOurs(store, tx, this.lease, now))) return false;
      const entries = found.map(({ device, what }) => ({
        action: "alarm",
        actor: "server",
        device,
        detail: { what, rule: name },
      }));
      const last = await log.append(store, keys, tx, now, ...entries);
      const rows = found.map(({ device }, i) =>
        sealed(keys.seal, "raised", { rule: name, device, seq: last - found.length + 1 + i }),
      );
      await tx.insertInto("raised").values(rows).execute();
      return true;
    });
    if (!isRaised) return;
    for (const { device, what } of found) intake.tell({ kind: "alarm", device: hex(device), what, at: clock() });
  }

  private async clear({ name }: RuleRow, found: Due["clear"]): Promise<void> {
    const { store, keys, clock } = this.options;
    await store.write(async (tx) => {
      if (!(await lease.isOurs(store, tx, this.lease, clock()))) return;
      const entries = found.map(({ device, seq }) => ({
        action: "clear",
        actor: "server",
        device,
        detail: { seq, rule: name },
      }));
      await log.append(store, keys, tx, clock(), ...entries);
      const devices = found.map(({ device }) => device);
      await tx.deleteFrom("raised").where("rule", "=", name).where("device", "in", devices).execute();
    });
  }
}
