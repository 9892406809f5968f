/** The findings of an audit: rows that the server did not write so. */
import type { ServerKeys } from "./keys.ts";
import { isSealed, type Sealed } from "./seal.ts";
import type { Store } from "./store/store.ts";

/** Rows in memory at a time. */
export const PAGE = 500;

export interface Finding {
  readonly table: string;
  readonly row: string;
  readonly what: string;
}

/** One search of one database. Its parts add to its findings. */
export class Search {
  readonly findings: Finding[] = [];
  readonly db: Store["read"];
  readonly keys: ServerKeys;
  /** Called with the number of reports that were checked until now. */
  private readonly progress: (reports: number) => void;
  private checked = 0;

  constructor(db: Store["read"], keys: ServerKeys, progress: (reports: number) => void = () => undefined) {
    this.db = db;
    this.keys = keys;
    this.progress = progress;
  }

  /** Tell that more reports were checked. */
  tell(reports: number): void {
    this.checked += reports;
    this.progress(this.checked);
  }

  found(table: string, row: string, what: string): void {
    this.findings.push({ table, row, what });
  }

  sealed(table: Sealed, name: string, row: object & { seal: Uint8Array }): void {
    if (!isSealed(this.keys.seal, table, row)) this.found(table, name, "altered or inserted: its seal is wrong");
  }
}
