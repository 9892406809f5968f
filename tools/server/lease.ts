/** Leases: of the instances on one database, one does an exclusive job until its lease ends or expires. */
import { isSealed, sealed } from "./seal.ts";
import type { LeaseRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

export interface Lease {
  readonly name: string;
  /** This instance. */
  readonly holder: string;
  readonly sealKey: Uint8Array;
}

/** Maximum length of a lease. A longer one was made with a wrong clock and would block all instances until it ends. */
const LONGEST_MS = 10 * 60_000;

/** Return the valid lease, with its row locked, or undefined. A row without the server's seal is ignored. */
async function held(store: Store, tx: Tx, { name, sealKey }: Lease, now: number): Promise<string | undefined> {
  const query = tx.selectFrom("leases").selectAll().where("name", "=", name);
  const found = await store.locked(query).executeTakeFirst();
  if (found === undefined || found.until <= now || found.until > now + LONGEST_MS) return undefined;
  return isSealed(sealKey, "leases", found) ? found.holder : undefined;
}

function row({ name, holder, sealKey }: Lease, until: number): LeaseRow {
  return sealed(sealKey, "leases", { name, holder, until });
}

async function put(tx: Tx, lease: Lease, until: number): Promise<void> {
  await tx.updateTable("leases").set(row(lease, until)).where("name", "=", lease.name).execute();
}

/**
 * Take a lease, or keep it, for so many milliseconds; false if another has it. The row is made first, expired: PostgreSQL locks no missing row,
 * so that two instances would take a new lease at once.
 */
export function take(store: Store, lease: Lease, now: number, forMs: number): Promise<boolean> {
  return store.write(async (tx) => {
    await tx
      .insertInto("leases")
      .values(row(lease, 0))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const holder = await held(store, tx, lease, now);
    if (holder !== undefined && holder !== lease.holder) return false;
    await put(tx, lease, now + forMs);
    return true;
  });
}

/** Give a lease up, if it is still ours. */
export function release(store: Store, lease: Lease, now: number): Promise<void> {
  return store.write(async (tx) => {
    if ((await held(store, tx, lease, now)) === lease.holder) await put(tx, lease, 0);
  });
}

/** Tell in a transaction whether a lease is still ours; it stays so until the transaction ends. */
export async function isOurs(store: Store, tx: Tx, lease: Lease, now: number): Promise<boolean> {
  return (await held(store, tx, lease, now)) === lease.holder;
}

/** A lease that this instance keeps for a job of many steps: it is renewed when half of it is over. */
export class Tenure {
  private readonly store: Store;
  private readonly lease: Lease;
  private readonly clock: () => number;
  private readonly forMs: number;
  private until = 0;

  constructor({ store, clock }: { store: Store; clock: () => number }, lease: Lease, forMs: number) {
    this.store = store;
    this.lease = lease;
    this.clock = clock;
    this.forMs = forMs;
  }

  /** Take the lease, or renew it when half of it is over; false if another instance has it. */
  async holds(): Promise<boolean> {
    const now = this.clock();
    if (this.until - now > this.forMs / 2) return true;
    const taken = await take(this.store, this.lease, now, this.forMs);
    this.until = taken ? now + this.forMs : 0;
    return taken;
  }
}
