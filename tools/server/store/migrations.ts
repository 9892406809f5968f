import { sql, type Kysely, type Migration } from "kysely";
import type { Flavour } from "./schema.ts";

/** The steps from an empty database to the present one, by name. A step that was released is never edited: a new one follows it. */
export function migrations(flavour: Flavour): Record<string, Migration> {
  const bytes = sql.raw(flavour === "postgres" ? "bytea" : "blob");
  return {
    "001-devices": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("devices")
          .addColumn("id", bytes as never, (column) => column.primaryKey())
          .addColumn("key", bytes as never, (column) => column.notNull())
          .addColumn("state", "text", (column) => column.notNull())
          .addColumn("model", "text", (column) => column.notNull())
          .addColumn("software", "text", (column) => column.notNull())
          .addColumn("version", "text", (column) => column.notNull())
          .addColumn("boot_count", "bigint", (column) => column.notNull())
          .addColumn("epoch", "bigint", (column) => column.notNull())
          .addColumn("first_seen", "bigint", (column) => column.notNull())
          .addColumn("last_seen", "bigint", (column) => column.notNull())
          .addColumn("head_counter", "bigint", (column) => column.notNull())
          .addColumn("head_hash", bytes as never, (column) => column.notNull())
          .addColumn("report_count", "bigint", (column) => column.notNull())
          .addColumn("gap_count", "bigint", (column) => column.notNull())
          .addColumn("downlink_counter", "bigint", (column) => column.notNull())
          .addColumn("acknowledged", "bigint", (column) => column.notNull())
          .addColumn("claim", bytes as never)
          .addColumn("successor", bytes as never)
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("reports")
          .addColumn("device", bytes as never, (column) => column.notNull().references("devices.id"))
          .addColumn("counter", "bigint", (column) => column.notNull())
          .addColumn("hash", bytes as never, (column) => column.notNull())
          .addColumn("message", bytes as never, (column) => column.notNull())
          .addColumn("epoch", "bigint", (column) => column.notNull())
          .addColumn("received_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .addPrimaryKeyConstraint("reports_key", ["device", "counter"])
          .execute();
        await db.schema.createIndex("reports_by_time").on("reports").columns(["received_at"]).execute();
        await db.schema
          .createTable("used_nonces")
          .addColumn("nonce", bytes as never, (column) => column.primaryKey())
          .addColumn("expires_at", "bigint", (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("evidence")
          .addColumn("id", bytes as never, (column) => column.primaryKey())
          .addColumn("device", bytes as never, (column) => column.notNull().references("devices.id"))
          .addColumn("kind", "text", (column) => column.notNull())
          .addColumn("message", bytes as never, (column) => column.notNull())
          .addColumn("rival", bytes as never)
          .addColumn("received_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "002-operators": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("invitations")
          .addColumn("device", bytes as never, (column) => column.primaryKey())
          .addColumn("note", "text", (column) => column.notNull())
          .addColumn("created_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("claims")
          .addColumn("hash", bytes as never, (column) => column.primaryKey())
          .addColumn("note", "text", (column) => column.notNull())
          .addColumn("created_at", "bigint", (column) => column.notNull())
          .addColumn("expires_at", "bigint", (column) => column.notNull())
          .addColumn("used_by", bytes as never)
          .addColumn("used_at", "bigint")
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("tokens")
          .addColumn("hash", bytes as never, (column) => column.primaryKey())
          .addColumn("name", "text", (column) => column.notNull())
          .addColumn("scope", "text", (column) => column.notNull())
          .addColumn("created_at", "bigint", (column) => column.notNull())
          .addColumn("revoked_at", "bigint")
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("downlinks")
          .addColumn("device", bytes as never, (column) => column.notNull().references("devices.id"))
          .addColumn("counter", "bigint", (column) => column.notNull())
          .addColumn("message", bytes as never, (column) => column.notNull())
          .addColumn("expires_at", "bigint", (column) => column.notNull())
          .addColumn("created_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .addPrimaryKeyConstraint("downlinks_key", ["device", "counter"])
          .execute();
        await db.schema
          .createTable("audit")
          .addColumn("seq", "bigint", (column) => column.primaryKey())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("action", "text", (column) => column.notNull())
          .addColumn("actor", "text", (column) => column.notNull())
          .addColumn("device", bytes as never)
          .addColumn("detail", "text", (column) => column.notNull())
          .addColumn("prev", bytes as never, (column) => column.notNull())
          .addColumn("hash", bytes as never, (column) => column.notNull())
          .addColumn("signature", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("audit_head")
          .addColumn("id", "integer", (column) => column.primaryKey())
          .addColumn("seq", "bigint", (column) => column.notNull())
          .addColumn("hash", bytes as never, (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "003-handovers": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("handovers")
          .addColumn("device", bytes as never, (column) => column.primaryKey().references("devices.id"))
          .addColumn("successor", bytes as never, (column) => column.notNull().unique().references("devices.id"))
          .addColumn("message", bytes as never, (column) => column.notNull())
          .addColumn("received_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "004-deliveries": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("deliveries")
          .addColumn("stream", bytes as never, (column) => column.primaryKey())
          .addColumn("position", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("leases")
          .addColumn("name", "text", (column) => column.primaryKey())
          .addColumn("holder", "text", (column) => column.notNull())
          .addColumn("until", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    // `seal.ts` lists the values of the new columns.
    "005-sessions": {
      async up(db: Kysely<unknown>): Promise<void> {
        const add = db.schema.alterTable("devices");
        await add.addColumn("session", bytes as never).execute();
        await add.addColumn("confirmed", bytes as never).execute();
        await add.addColumn("doubt", "text").execute();
        await add.addColumn("passed", "bigint", (column) => column.notNull().defaultTo(0)).execute();
        await add.addColumn("void_order", "bigint", (column) => column.notNull().defaultTo(0)).execute();
        await sql`update devices set passed = acknowledged`.execute(db);
      },
    },
    "006-orphans": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("orphans")
          .addColumn("device", bytes as never, (column) => column.primaryKey())
          .addColumn("successor", bytes as never, (column) => column.notNull().references("devices.id"))
          .addColumn("message", bytes as never, (column) => column.notNull())
          .addColumn("received_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "007-indexes": {
      async up(db: Kysely<unknown>): Promise<void> {
        const index = (name: string, table: string, columns: string[]): Promise<void> =>
          db.schema.createIndex(name).on(table).columns(columns).execute();
        await index("reports_by_hash", "reports", ["device", "hash"]);
        await index("audit_by_device", "audit", ["device", "action", "seq"]);
        await index("audit_by_action", "audit", ["action", "seq"]);
        await index("evidence_by_time", "evidence", ["received_at"]);
        await db.schema.dropIndex("reports_by_time").execute();
      },
    },
    "008-token-expiry": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema.alterTable("tokens").addColumn("expires_at", "bigint").execute();
      },
    },
    "009-profiles": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("profiles")
          .addColumn("device", bytes as never, (column) => column.primaryKey().references("devices.id"))
          .addColumn("name", "text", (column) => column.notNull())
          .addColumn("note", "text", (column) => column.notNull())
          .addColumn("changed_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("labels")
          .addColumn("device", bytes as never, (column) => column.notNull().references("devices.id"))
          .addColumn("label", "text", (column) => column.notNull())
          .addColumn("since", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .addPrimaryKeyConstraint("labels_key", ["device", "label"])
          .execute();
        const index = (name: string, table: string, columns: string[]): Promise<void> =>
          db.schema.createIndex(name).on(table).columns(columns).execute();
        await index("labels_by_label", "labels", ["label", "device"]);
        // None of these columns changes with a report.
        for (const column of ["state", "model", "version", "first_seen"])
          await index(`devices_by_${column}`, "devices", [column, "id"]);
      },
    },
    "010-alarms": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("rules")
          .addColumn("name", "text", (column) => column.primaryKey())
          .addColumn("kind", "text", (column) => column.notNull())
          .addColumn("value", "text", (column) => column.notNull())
          .addColumn("label", "text")
          .addColumn("created_at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("raised")
          .addColumn("rule", "text", (column) => column.notNull().references("rules.name"))
          .addColumn("device", bytes as never, (column) => column.notNull().references("devices.id"))
          .addColumn("seq", "bigint", (column) => column.notNull().unique())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .addPrimaryKeyConstraint("raised_key", ["rule", "device"])
          .execute();
        await db.schema
          .createTable("acknowledged")
          .addColumn("seq", "bigint", (column) => column.primaryKey())
          .addColumn("actor", "text", (column) => column.notNull())
          .addColumn("note", "text", (column) => column.notNull())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("damage")
          .addColumn("device", bytes as never, (column) => column.primaryKey().references("devices.id"))
          .addColumn("count", "bigint", (column) => column.notNull())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "011-bases": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("bases")
          .addColumn("device", bytes as never, (column) => column.primaryKey().references("devices.id"))
          .addColumn("counter", "bigint", (column) => column.notNull())
          .addColumn("hash", bytes as never, (column) => column.notNull())
          .addColumn("count", "bigint", (column) => column.notNull())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "012-replacements": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("replacements")
          .addColumn("device", bytes as never, (column) => column.primaryKey().references("devices.id"))
          .addColumn("successor", bytes as never, (column) => column.notNull().unique().references("devices.id"))
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "013-tree": {
      async up(db: Kysely<unknown>): Promise<void> {
        // The hash is the key of its row, which needs no other place in SQLite.
        const ending = flavour === "sqlite" ? sql`without rowid` : sql``;
        await db.schema
          .createTable("leaves")
          .addColumn("hash", bytes as never, (column) => column.primaryKey())
          .addColumn("position", "bigint", (column) => column.notNull())
          .modifyEnd(ending)
          .execute();
        await db.schema
          .createTable("tiles")
          .addColumn("level", "integer", (column) => column.notNull())
          .addColumn("number", "bigint", (column) => column.notNull())
          .addColumn("hashes", bytes as never, (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .addPrimaryKeyConstraint("tiles_key", ["level", "number"])
          .execute();
        await db.schema
          .createTable("tree")
          .addColumn("id", "integer", (column) => column.primaryKey())
          .addColumn("size", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        await db.schema
          .createTable("numbered")
          .addColumn("stream", bytes as never, (column) => column.primaryKey())
          .addColumn("position", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
        // Receipts are asked for by the hash alone.
        await db.schema.dropIndex("reports_by_hash").execute();
        await db.schema.createIndex("reports_by_hash").on("reports").columns(["hash"]).execute();
        await db.schema.createIndex("audit_by_hash").on("audit").columns(["hash"]).execute();
      },
    },
    "014-reach": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema.alterTable("tokens").addColumn("label", "text").execute();
        await db.schema.alterTable("claims").addColumn("withdrawn_at", "bigint").execute();
        await db.schema.alterTable("downlinks").addColumn("withdrawn_at", "bigint").execute();
        await db.schema.createIndex("claims_by_time").on("claims").columns(["created_at", "hash"]).execute();
        await db.schema
          .createTable("token_uses")
          .addColumn("hash", bytes as never, (column) => column.primaryKey())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "015-repeats": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("repeats")
          .addColumn("id", bytes as never, (column) => column.primaryKey())
          .addColumn("request", bytes as never, (column) => column.notNull())
          .addColumn("result", "text", (column) => column.notNull())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .execute();
      },
    },
    "016-dead-letters": {
      async up(db: Kysely<unknown>): Promise<void> {
        await db.schema
          .createTable("dead_letters")
          .addColumn("stream", bytes as never, (column) => column.notNull())
          .addColumn("position", "bigint", (column) => column.notNull())
          .addColumn("at", "bigint", (column) => column.notNull())
          .addColumn("refused", "text", (column) => column.notNull())
          .addColumn("wanted_at", "bigint")
          .addColumn("seal", bytes as never, (column) => column.notNull())
          .addPrimaryKeyConstraint("dead_letters_key", ["stream", "position"])
          .execute();
        await db.schema.createIndex("dead_letters_wanted").on("dead_letters").columns(["wanted_at"]).execute();
      },
    },
  };
}
