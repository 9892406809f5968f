/** The findings of an audit: rows that the server did not write so. */
import type { Pool } from "./audit_pool.ts";
import type { Finding, State } from "./audit_state.ts";
import type { Base } from "./base.ts";
import type { ServerKeys } from "./keys.ts";
import { isSealed, type Sealed } from "./seal.ts";
import type { Store } from "./store/store.ts";

/** Rows in memory at a time. */
export const PAGE = 500;

export interface Means {
  readonly pool: Pool;
  /** Where the progress is kept, if it is. */
  readonly state: State | undefined;
  /** Called with the number of reports that were checked just now. Throws to end the search. */
  readonly told: (reports: number) => void;
}

/** One search of one database. Its parts add to its findings. */
export class Search {
  readonly findings: Finding[] = [];
  readonly db: Store["read"];
  readonly keys: ServerKeys;
  readonly pool: Pool;
  readonly state: State | undefined;
  private readonly means: Means;

  constructor(db: Store["read"], keys: ServerKeys, means: Means) {
    this.db = db;
    this.keys = keys;
    this.means = means;
    this.pool = means.pool;
    this.state = means.state;
  }

  /** A search beside this one, with findings of its own. */
  part(): Search {
    return new Search(this.db, this.keys, this.means);
  }

  /** Note what was found in a chain up to a report, in some more reports. */
  note(chain: string, at: Base, found: readonly Finding[], reports: number): void {
    this.findings.push(...found);
    this.state?.note(chain, at, found);
    this.means.told(reports);
  }

  found(table: string, row: string, what: string): void {
    this.findings.push({ table, row, what });
  }

  sealed(table: Sealed, name: string, row: object & { seal: Uint8Array }): void {
    if (!isSealed(this.keys.seal, table, row)) this.found(table, name, "altered or inserted: its seal is wrong");
  }
}
