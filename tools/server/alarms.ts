/** Alarms: entries of the log that an operator must look at, the evidence of forks, and acknowledgements. */
import { sql, type RawBuilder } from "kysely";
import { hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import * as log from "./log.ts";
import { entryView, type EntryView } from "./queries.ts";
import { sealed } from "./seal.ts";
import type { AuditRow } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

/** The action of the log that acknowledges an alarm. */
export const ACKNOWLEDGE = "acknowledge";

/** The actions of the log that are alarms. */
const ACTIONS = ["alarm", "fork", "gap"] as const;

export interface Asked {
  readonly limit: number;
  /** True to leave out those that were acknowledged. */
  readonly isOpen: boolean;
  /** The label of the token: include only alarms about devices with it, from the time when they got it. */
  readonly within?: string | null;
}

export interface AlarmView extends EntryView {
  readonly acknowledged: { readonly at: number; readonly by: string; readonly note: string } | null;
}

export interface Alarms {
  readonly evidence: readonly object[];
  readonly alarms: readonly AlarmView[];
  readonly gaps: readonly AlarmView[];
}

/** Count the alarms that were not acknowledged, by their action. Bounds: an index has the entries of an action. */
export async function countOpen({ read }: Store): Promise<Record<string, number>> {
  const counted = await Promise.all(
    ACTIONS.map(async (action) => {
      const query = read
        .selectFrom("audit as a")
        .select(({ fn }) => fn.countAll().as("open"))
        .where("a.action", "=", action)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom("acknowledged as k").select("k.seq").whereRef("k.seq", "=", "a.seq"))),
        );
      return [action, Number((await query.executeTakeFirstOrThrow()).open)] as const;
    }),
  );
  return Object.fromEntries(counted);
}

/** List signs of clones, duplicate keys, restored backups, and alarms of rules, newest first. */
export async function list(store: Store, { limit, isOpen, within = null }: Asked): Promise<Alarms> {
  const isWithin = (device: string, at: string): RawBuilder<boolean> =>
    sql`exists (select 1 from labels l where l.device = ${sql.ref(device)} and l.label = ${within} and l.since <= ${sql.ref(at)})`;
  let evidence = store.read.selectFrom("evidence as e").selectAll().orderBy("e.received_at", "desc").limit(limit);
  if (within !== null) evidence = evidence.where(isWithin("e.device", "e.received_at"));
  // An index has the entries of one action in their order; two actions in one query would be sorted.
  const logged = async (action: (typeof ACTIONS)[number]): Promise<AuditRow[]> => {
    let query = store.read.selectFrom("audit as a").selectAll("a").where("a.action", "=", action);
    if (isOpen)
      query = query.where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("acknowledged as k").select("k.seq").whereRef("k.seq", "=", "a.seq"))),
      );
    if (within !== null) query = query.where(isWithin("a.device", "a.at"));
    return query.orderBy("a.seq", "desc").limit(limit).execute();
  };
  const both = [...(await logged("alarm")), ...(await logged("fork"))];
  const rows = both.toSorted((a, b) => b.seq - a.seq).slice(0, limit);
  return {
    evidence: (await evidence.execute()).map((row) => ({
      device: hex(row.device),
      kind: row.kind,
      receivedAt: row.received_at,
      message: hex(row.message),
      rival: row.rival === null ? null : hex(row.rival),
    })),
    alarms: await views(store, rows),
    gaps: await views(store, await logged("gap")),
  };
}

async function views(store: Store, rows: readonly AuditRow[]): Promise<AlarmView[]> {
  if (rows.length === 0) return [];
  const seqs = rows.map(({ seq }) => seq);
  const seen = await store.read.selectFrom("acknowledged").selectAll().where("seq", "in", seqs).execute();
  const bySeq = new Map(seen.map(({ seq, at, actor: by, note }) => [seq, { at, by, note }]));
  return rows.map((row) => ({ ...entryView(row), acknowledged: bySeq.get(row.seq) ?? null }));
}

/** Acknowledge alarms of the log, and return the number of those that were not before. Damage counts from zero after it. */
export function acknowledge(
  { store, keys, clock }: Desk,
  seqs: readonly number[],
  note: string,
  actor: string,
): Promise<number> {
  return store.write(async (tx) => {
    // The head of the log is locked first: of two that acknowledge one alarm, the second finds it done.
    await store.locked(tx.selectFrom("audit_head").selectAll()).execute();
    const query = tx.selectFrom("audit").selectAll().where("seq", "in", seqs).where("action", "in", ACTIONS);
    const known = await tx.selectFrom("acknowledged").select("seq").where("seq", "in", seqs).execute();
    const done = new Set(known.map(({ seq }) => seq));
    const fresh = (await query.execute()).filter(({ seq }) => !done.has(seq));
    for (const { seq, device } of fresh) {
      const row = sealed(keys.seal, "acknowledged", { seq, actor, note, at: clock() });
      await tx.insertInto("acknowledged").values(row).execute();
      const about = device === null ? {} : { device };
      await log.append(store, keys, tx, clock(), { action: ACKNOWLEDGE, actor, ...about, detail: { seq, note } });
      const of = tx.selectFrom("raised").innerJoin("rules", "rules.name", "raised.rule").select("rules.kind");
      const rule = await of.where("raised.seq", "=", seq).executeTakeFirst();
      if (rule?.kind === "damaged") await tx.deleteFrom("damage").where("device", "=", device!).execute();
    }
    return fresh.length;
  });
}
