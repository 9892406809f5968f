import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type Driver,
  type Kysely,
  type SqliteDatabase,
  type SqliteStatement,
} from "kysely";
import Libsql from "libsql";
import { Trouble } from "../../trouble.ts";
import { type Dialect, list, picker } from "./dialect.ts";
import { type DeviceRow, type Move, MOVED, STORED, type Tables } from "./schema.ts";

/** Maximum wait for another writing process. */
const BUSY_MS = 5000;

/** Statements kept prepared: the hot ones are a dozen, and the rest must not pile up. */
const STATEMENTS_MAX = 200;

/** Blobs come from libsql as ArrayBuffer: make them the bytes they are. */
function viewed<Row>(row: Row): Row {
  const fields = row as Record<string, unknown>;
  for (const name in fields) {
    const value = fields[name];
    if (value instanceof ArrayBuffer) fields[name] = new Uint8Array(value);
  }
  return row;
}

function statement(native: Libsql.Statement): SqliteStatement {
  const reader = native.reader;
  return {
    reader,
    all: (parameters) => (native.all(parameters) as unknown[]).map(viewed),
    run: (parameters) => native.run(parameters) as { changes: number; lastInsertRowid: number },
    *iterate(parameters) {
      for (const row of native.iterate(parameters) as Iterable<unknown>) yield viewed(row);
    },
  };
}

/** A libsql database in the shape that kysely's driver wants, its statements prepared once. */
function database(native: Libsql.Database): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      let found = statements.get(text);
      if (found === undefined) {
        if (statements.size >= STATEMENTS_MAX) statements.clear();
        found = statement(native.prepare(text));
        statements.set(text, found);
      }
      return found;
    },
    close() {
      statements.clear();
      native.close();
    },
  };
}

/** Kysely begins a transaction as a reader; ours all write, and a reader that turns writer can be refused half-way. */
class WritingDriver extends SqliteDriver {
  readonly #native: Libsql.Database;

  constructor(database: SqliteDatabase, native: Libsql.Database) {
    super({ database });
    this.#native = native;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  /** SQLite rolls back by itself if the disk is full; another rollback would fail, and hide the cause. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#native.inTransaction) await super.rollbackTransaction(connection);
  }
}

const FIND = "select * from devices where id = ?";
const MOVE = `update devices set ${list(MOVED, (name) => `${name} = ?`)} where id = ? and seal = ?`;
const INSERT = `insert into reports (${list(STORED, (name) => name)}) values (${list(STORED, () => "?")})`;
/** The values of the statements, in their order. */
const moved = picker(MOVED);
const stored = picker(STORED);

/** Savepoints work, and DDL is transactional. */
export class Sqlite extends SqliteDialect implements Dialect {
  readonly flavour = "sqlite";
  readonly sizeQuery = "select page_count * page_size as bytes from pragma_page_count, pragma_page_size";
  readonly beginSnapshot = "begin deferred";
  readonly hasOneWriter = true;
  readonly #file: string;
  readonly #native: Libsql.Database;
  readonly #database: SqliteDatabase;

  constructor(native: Libsql.Database, file: string) {
    const wrapped = database(native);
    super({ database: wrapped });
    this.#file = file;
    this.#native = native;
    this.#database = wrapped;
  }

  /** Find a device by its id. */
  find(id: Uint8Array): DeviceRow | undefined {
    return this.#database.prepare(FIND).all([id])[0] as DeviceRow | undefined;
  }

  /** There is one connection: while kysely lends it, no transaction of kysely is open on it. */
  move(moves: readonly Move[], read: Kysely<Tables>): Promise<boolean[]> {
    return read.connection().execute(() => Promise.resolve(this.#moved(moves)));
  }

  #moved(moves: readonly Move[]): boolean[] {
    const update = this.#database.prepare(MOVE);
    const insert = this.#database.prepare(INSERT);
    this.#native.exec("begin immediate");
    try {
      const made = moves.map(({ before, after, reports }) => {
        if (Number(update.run([...moved(after), after.id, before.seal]).changes) !== 1) return false;
        for (const report of reports) insert.run(stored(report));
        return true;
      });
      this.#native.exec("commit");
      return made;
    } catch (error) {
      if (this.#native.inTransaction) this.#native.exec("rollback");
      throw error;
    }
  }

  /** A single writer has no conflicts. */
  isConflict(): boolean {
    return false;
  }

  trouble(error: unknown): Trouble | undefined {
    return sqliteTrouble(error, this.#file);
  }

  override createDriver(): Driver {
    return new WritingDriver(this.#database, this.#native);
  }

  override createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }
}

function checkPlace(file: string): void {
  const folder = dirname(file);
  if (!existsSync(folder))
    throw new Trouble(`the folder ${folder} does not exist`, "make it, or choose another --database");
  const target = existsSync(file) ? file : folder;
  if (target === file && !statSync(file).isFile())
    throw new Trouble(`${file} is not a file`, "choose another --database");
  try {
    accessSync(target, constants.R_OK | constants.W_OK);
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Trouble(`${target} cannot be written`, "give this user write permission, or choose another --database");
  }
}

/** Open (or make) the database file, durable: a commit is on the disk when it returns. A reader cannot write. */
export function openSqlite(path: string, isReader = false): Sqlite {
  const file = resolve(path);
  checkPlace(file);
  // The files beside it get its mode.
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600, flag: "a" });
  try {
    const native = new Libsql(file, { timeout: BUSY_MS / 1000 });
    native.exec(`pragma busy_timeout = ${BUSY_MS}`);
    native.exec("pragma journal_mode = wal");
    native.exec("pragma synchronous = full");
    native.exec("pragma foreign_keys = on");
    native.exec("pragma wal_autocheckpoint = 4000");
    if (isReader) native.exec("pragma query_only = on");
    return new Sqlite(native, file);
  } catch (error) {
    throw sqliteTrouble(error, file) ?? error;
  }
}

/** Translate the usual errors of SQLite into a fault that an operator can correct; undefined for others. */
function sqliteTrouble(error: unknown, file: string): Trouble | undefined {
  const { code, message } = error as { code?: string; message?: string };
  const text = `${code ?? ""} ${message ?? ""}`;
  if (/SQLITE_BUSY|SQLITE_LOCKED|database is locked/.test(text)) {
    return new Trouble(`${file} is locked by another process`, "end it, or choose another --database");
  }
  if (/SQLITE_FULL|disk is full/.test(text)) return new Trouble(`the disk of ${file} is full`, "free some space");
  if (/SQLITE_READONLY|readonly database/.test(text))
    return new Trouble(`${file} is read-only`, "give this user write permission");
  if (/SQLITE_NOTADB|not a database/.test(text))
    return new Trouble(`${file} is not a database`, "choose another --database");
  if (/SQLITE_CORRUPT|malformed/.test(text)) return new Trouble(`${file} is damaged`, "restore it from a backup");
  if (/SQLITE_IOERR|disk I\/O/.test(text))
    return new Trouble(`reading or writing ${file} failed`, "check the log of the system");
  return undefined;
}
