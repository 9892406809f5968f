/**
 * The progress of an audit in a file, so that one that was interrupted continues: for each chain the last report that was checked, and what was found. The file
 * has a MAC under the key of seals. A row that was checked before is not checked again: the file says how it was then.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { Trouble } from "../trouble.ts";
import { fromHex, hex } from "../wire/bytes.ts";
import type { Base } from "./base.ts";

export interface Finding {
  readonly table: string;
  readonly row: string;
  readonly what: string;
}

interface Contents {
  readonly chains: Readonly<Record<string, readonly [counter: number, hash: string, count: number]>>;
  readonly findings: readonly Finding[];
}

export class State {
  readonly findings: Finding[] = [];
  private readonly chains = new Map<string, Base>();
  private readonly file: string;
  private readonly sealKey: Uint8Array;

  /** Read the file, if there is one. Throws Trouble if an audit with this key did not write it. */
  constructor(file: string, sealKey: Uint8Array) {
    this.file = file;
    this.sealKey = sealKey;
    if (!existsSync(file)) return;
    const [mac, text = ""] = readFileSync(file, "utf-8").split("\n");
    if (mac !== this.mac(text))
      throw new Trouble(`${file} is not of an audit with this key`, "give another file with --resume");
    const { chains, findings } = JSON.parse(text) as Contents;
    this.findings.push(...findings);
    for (const [name, [counter, hash, count]] of Object.entries(chains))
      this.chains.set(name, { counter, hash: fromHex(hash)!, count });
  }

  /** The last report of a chain that was checked, if it comes after the base of the chain. */
  after(name: string, base: Base): Base {
    const found = this.chains.get(name);
    return found !== undefined && found.counter > base.counter ? found : base;
  }

  note(name: string, at: Base, found: readonly Finding[]): void {
    this.chains.set(name, at);
    this.findings.push(...found);
  }

  /** Write the file anew. */
  save(): void {
    const chains = Object.fromEntries(
      [...this.chains].map(([name, { counter, hash, count }]) => [name, [counter, hex(hash), count]]),
    );
    const text = JSON.stringify({ chains, findings: this.findings });
    writeFileSync(`${this.file}.part`, `${this.mac(text)}\n${text}\n`, { mode: 0o600 });
    renameSync(`${this.file}.part`, this.file);
  }

  /** Remove the file: the audit is complete. */
  remove(): void {
    rmSync(this.file, { force: true });
  }

  private mac(text: string): string {
    return createHmac("sha256", this.sealKey).update("audit\n").update(text).digest("hex");
  }
}
