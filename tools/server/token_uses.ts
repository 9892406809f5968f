/** The last use of each token: kept in memory, and written now and then, so that no request waits for it. */
import { fromHex, hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import { sealed } from "./seal.ts";

/** How often uses are written: so much is lost if the server is killed. */
const WRITE_MS = 30_000;

/** Bounds: an entry for each valid token. */
export class TokenUses {
  private readonly desk: Pick<Desk, "store" | "keys">;
  private readonly onError: (error: unknown) => void;
  private readonly timer: NodeJS.Timeout;
  private used = new Map<string, number>();

  constructor(desk: Pick<Desk, "store" | "keys">, onError: (error: unknown) => void) {
    this.desk = desk;
    this.onError = onError;
    this.timer = setInterval(() => void this.write(), WRITE_MS).unref();
  }

  /** Note that the token with this hash was used. */
  note(hash: Uint8Array, at: number): void {
    this.used.set(hex(hash), at);
  }

  /** Write the uses since the last time. A database that fails loses them, and nothing else. */
  async write(): Promise<void> {
    const { store, keys } = this.desk;
    const used = [...this.used];
    this.used = new Map();
    if (used.length === 0) return;
    try {
      await store.write(async (tx) => {
        for (const [hash, at] of used) {
          const row = sealed(keys.seal, "token_uses", { hash: fromHex(hash)!, at });
          await tx
            .insertInto("token_uses")
            .values(row)
            .onConflict((conflict) => conflict.column("hash").doUpdateSet(row).where("token_uses.at", "<", at))
            .execute();
        }
      });
    } catch (error) {
      this.onError(error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.write();
  }
}
