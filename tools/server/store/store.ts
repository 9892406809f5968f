import { existsSync } from "node:fs";
import { Kysely, Migrator, sql, type Transaction } from "kysely";
import { Trouble } from "../../trouble.ts";
import { migrations } from "./migrations.ts";
import type { Dialect } from "./dialect.ts";
import { openPostgres } from "./postgres.ts";
import type { DeviceRow, Flavour, Move, Tables } from "./schema.ts";
import { openSqlite } from "./sqlite.ts";

export type Tx = Transaction<Tables>;
export type Work<T> = (tx: Tx) => Promise<T>;

/** Maximum number of works in one commit; further ones wait for the next. */
const GROUP_MAX = 256;
/** Moves that share one commit, at most. */
const MOVES_MAX = 512;
const CONFLICT_RETRIES = 10;
const POSTGRES_CONNECTIONS = 10;
const POSTGRES_READERS = 2;

/** True if an address of a database is one of PostgreSQL. */
export function isPostgres(where: string): boolean {
  return /^postgres(ql)?:\/\//.test(where);
}

interface Waiting {
  readonly work: Work<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface WaitingMove {
  readonly move: Move;
  readonly resolve: (made: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Throw Trouble if a file of SQLite does not exist. */
function checkExists(where: string): void {
  if (!isPostgres(where) && !existsSync(where))
    throw new Trouble(`${where} does not exist`, "name the server's database with --database");
}

/**
 * The database. `read` queries; `write` runs a piece of work in a transaction and returns when it is on the disk. A work may
 * run more than once, and must have no effect outside the transaction.
 *
 * SQLite has one writer: works that wait during a commit run one after the other in the next transaction and share its commit.
 * If one of them fails, the transaction is rolled back and each runs again in its own. On PostgreSQL each work has its own
 * transaction (read committed); works lock the rows that they decide on (`locked`), in the order devices, claims, audit_head,
 * to avoid deadlocks.
 *
 * `move` is the path of nearly every report: one update without a query, which has no effect if the row has changed since the
 * decision. All waiting moves share one commit, on either database.
 */
export class Store {
  readonly read: Kysely<Tables>;
  private readonly dialect: Dialect;
  private waiting: Waiting[] = [];
  private moves: WaitingMove[] = [];
  private busy = false;
  private moving = false;

  private constructor(dialect: Dialect) {
    this.dialect = dialect;
    this.read = new Kysely<Tables>({ dialect });
  }

  /** The size of the database in bytes. */
  async size(): Promise<number> {
    const { rows } = await sql.raw<{ bytes: number }>(this.dialect.sizeQuery).execute(this.read);
    return Number(rows[0]!.bytes);
  }

  get flavour(): Flavour {
    return this.dialect.flavour;
  }

  /** Open the database that `where` names, a file or a postgres:// URL, and bring its tables up to date. It is made if there is none. */
  static open(where: string): Promise<Store> {
    return Store.opened(where, true);
  }

  /** The same, but throw Trouble if no server wrote the database. */
  static async openExisting(where: string): Promise<Store> {
    checkExists(where);
    return Store.opened(where, false);
  }

  private static async opened(where: string, isMade: boolean): Promise<Store> {
    const store = new Store(isPostgres(where) ? await openPostgres(where, POSTGRES_CONNECTIONS) : openSqlite(where));
    try {
      if (!isMade) await store.checkServer();
      await store.migrate();
    } catch (error) {
      await store.read.destroy();
      throw store.trouble(error) ?? error;
    }
    return store;
  }

  /** Open a database to read it only, as it is. The database refuses every write. Throws Trouble if a file does not exist. */
  static async openToRead(where: string): Promise<Store> {
    checkExists(where);
    return new Store(isPostgres(where) ? await openPostgres(where, POSTGRES_READERS, true) : openSqlite(where, true));
  }

  /** Do some work on a database that a server of this version wrote; the work only reads. Throws Trouble if `where` names none. */
  static async reading<T>(where: string, work: (store: Store) => Promise<T>): Promise<T> {
    const store = await Store.openToRead(where);
    try {
      await store.checkServer();
      await store.checkVersion();
      return await work(store);
    } catch (error) {
      throw store.trouble(error) ?? error;
    } finally {
      await store.close();
    }
  }

  /** Throw Trouble if no server wrote the database. */
  private async checkServer(): Promise<void> {
    const tables = await this.read.introspection.getTables({ withInternalKyselyTables: true });
    if (!tables.some(({ name }) => name === "kysely_migration"))
      throw new Trouble("this is no database of a server", "name the server's database with --database");
  }

  /** Throw Trouble if a server of an older or newer version was the last to write the database. */
  private async checkVersion(): Promise<void> {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(this.read);
    if (rows.map(({ name }) => name).join() !== Object.keys(migrations(this.flavour)).join())
      throw new Trouble("the database is of another version", "start the server of this version on it first");
  }

  private async migrate(): Promise<void> {
    const steps = migrations(this.flavour);
    const migrator = new Migrator({ db: this.read, provider: { getMigrations: () => Promise.resolve(steps) } });
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (/previously executed migration .* is missing/.test(String(error))) {
      throw new Trouble(
        "a newer version of signet wrote the database",
        "upgrade this program, or choose another --database",
      );
    }
    throw error;
  }

  /** Say an error of the database in words; undefined if it is not one of the usual. */
  trouble(error: unknown): Trouble | undefined {
    if (error instanceof Trouble) return error;
    return this.dialect.trouble(error);
  }

  /** Find a device by its id. */
  find(id: Uint8Array): DeviceRow | undefined | Promise<DeviceRow | undefined> {
    return this.dialect.find(id);
  }

  /**
   * Store reports and move their device's head. If its row has changed since the decision, do nothing and return false. At most
   * one move of a device may be in progress. Return when it is on the disk.
   */
  move(move: Move): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      this.moves.push({ move, resolve, reject });
      if (!this.moving) void this.drainMoves();
    });
  }

  private async drainMoves(): Promise<void> {
    this.moving = true;
    while (this.moves.length > 0) {
      // Works that arrive in the same turn of the event loop share the commit.
      await new Promise<void>((resolve) => setImmediate(resolve));
      const group = this.moves.splice(0, MOVES_MAX);
      try {
        const made = await this.dialect.move(
          group.map(({ move }) => move),
          this.read,
        );
        group.forEach(({ resolve }, i) => resolve(made[i]!));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.moving = false;
  }

  write<T>(work: Work<T>): Promise<T> {
    if (!this.dialect.hasOneWriter) return this.retried(work);
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ work, resolve, reject });
      if (!this.busy) void this.drain();
    });
  }

  private async retried<T>(work: Work<T>): Promise<T> {
    for (let left = CONFLICT_RETRIES; ; left--) {
      try {
        return await this.read.transaction().setIsolationLevel("read committed").execute(work);
      } catch (error) {
        if (left === 0 || !this.dialect.isConflict(error)) throw error;
      }
    }
  }

  private async drain(): Promise<void> {
    this.busy = true;
    // Works that arrive in the same turn of the event loop share the first commit.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0, GROUP_MAX);
      try {
        const results = await this.read.transaction().execute(async (tx) => {
          const out: unknown[] = [];
          for (const { work } of group) out.push(await work(tx));
          return out;
        });
        group.forEach(({ resolve }, i) => resolve(results[i] as never));
      } catch (error) {
        await this.oneByOne(group, error);
      }
    }
    this.busy = false;
  }

  /** Run works that failed together each in its own transaction, so that one cannot spoil the others. */
  private async oneByOne(group: readonly Waiting[], error: unknown): Promise<void> {
    if (group.length === 1) {
      group[0]!.reject(error);
      return;
    }
    for (const { work, resolve, reject } of group) {
      try {
        resolve((await this.read.transaction().execute(work)) as never);
      } catch (own) {
        reject(own);
      }
    }
  }

  /** Run queries on the database as it is now, whatever is written meanwhile. No writer waits for it. */
  snapshot<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.read.connection().execute(async (db) => {
      await sql.raw(this.dialect.beginSnapshot).execute(db);
      try {
        return await work(db);
      } finally {
        await sql`rollback`.execute(db);
      }
    });
  }

  /** Lock the rows a query selects until the transaction ends; the only writer has them locked already. */
  locked<Query extends { forUpdate(): Query }>(query: Query): Query {
    return this.dialect.hasOneWriter ? query : query.forUpdate();
  }

  async close(): Promise<void> {
    await this.read.destroy();
  }
}
