/**
 * A conversation of the client under Node, kept call by call, and held again by the same client on a board: it is
 * deterministic, so every answer must be the same, and the board counts what each call takes.
 */
import assert from "node:assert/strict";
import type { Answer, Lab } from "../lab/lab.ts";
import { Call } from "./call.ts";
import { TlsClient } from "./client.ts";

/** Capacity of a board's buffer: a record's content. */
export const PIECE_BYTES = 1024;

/** One call, and what it answered. */
export interface Kept {
  readonly call: Call;
  readonly first: number;
  readonly second: number;
  readonly bytes: Buffer;
  readonly answer: number | Buffer;
}

type Guest = TlsClient["guest"];

/** A client that keeps every call. */
export class RecordedClient extends TlsClient {
  #kept: Kept[] = [];

  /** With `use`, a compile-time choice such as `TLS_PUBLIC=1`. */
  constructor(use = "") {
    super(use);
    const guest = this.guest;
    const at = guest.buffer();
    const bytes = (len: number): Buffer => Buffer.from(guest.memory.buffer.slice(at, at + len));
    const keep = (call: Call, first: number, second: number, sent: Buffer, answer: number | Buffer): void => {
      this.#kept.push({ call, first, second, bytes: sent, answer });
    };
    const nothing = Buffer.alloc(0);
    const plain = (call: Call, run: () => number): (() => number) => {
      return () => {
        const answer = run();
        keep(call, 0, 0, nothing, answer);
        return answer;
      };
    };
    const give = (call: Call, run: (len: number) => number): ((len: number) => number) => {
      return (most) => {
        const len = Math.min(most, PIECE_BYTES);
        const sent = bytes(len);
        const taken = run(len);
        keep(call, len, 0, sent, 0 - taken);
        return taken;
      };
    };
    const take = (call: Call, run: (most: number) => number): ((most: number) => number) => {
      return (most) => {
        const len = run(Math.min(most, PIECE_BYTES));
        keep(call, Math.min(most, PIECE_BYTES), 0, nothing, bytes(len));
        return len;
      };
    };
    const recorded: Guest = {
      ...guest,
      capacity: () => PIECE_BYTES,
      set: (slot, len) => {
        keep(Call.Set, slot, len, bytes(len), 0);
        guest.set(slot, len);
      },
      setClock: (ms) => {
        keep(Call.SetClock, ms, 0, nothing, 0);
        guest.setClock(ms);
      },
      start: plain(Call.Start, () => guest.start()),
      step: plain(Call.Step, () => guest.step()),
      setTicket: () => {
        keep(Call.SetTicket, 0, 0, bytes(PIECE_BYTES), 0);
        guest.setTicket();
      },
      update: plain(Call.Update, () => guest.update()),
      close: () => {
        keep(Call.Close, 0, 0, nothing, 0);
        guest.close();
      },
      fromPeer: give(Call.FromPeer, (len) => guest.fromPeer(len)),
      write: give(Call.Write, (len) => guest.write(len)),
      toPeer: take(Call.ToPeer, (most) => guest.toPeer(most)),
      read: take(Call.Read, (most) => guest.read(most)),
    };
    Object.defineProperty(this, "guest", { value: recorded });
  }

  /** The calls since the last time they were taken. */
  take(): readonly Kept[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }
}

/** The cost of a part of a conversation on a board. */
export interface Cost {
  /** Instructions of all calls, and of the longest one, which is a `step`. */
  readonly instructions: number;
  readonly longest: number;
  /** Estimated cycles of all calls, from a lab that counts them. */
  readonly cycles: number;
  /** Stack at its deepest. */
  readonly stack: number;
}

/** The request of the lab that a call is. */
export function requestOf({ call, first, second, bytes }: Kept): { op: number; fields: Buffer[] } {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(first);
  head.writeUInt32LE(second, 4);
  return { op: call, fields: [Buffer.concat([head, bytes])] };
}

/** True if a call prepares a conversation and is none of the client's work. */
export function isSetting({ call }: Kept): boolean {
  return call === Call.Set || call === Call.SetClock || call === Call.SetTicket;
}

/** Fail if a board answered otherwise than the client under Node. */
export function assertAnswer(got: Answer, { call, answer }: Kept, where: string): void {
  if (typeof answer === "number") assert.equal(got.result, answer, `call ${call}, ${where}`);
  else assert.ok(got.bytes.equals(answer), `call ${call}, ${where}`);
}

/** Hold a kept conversation on a board; fails where it answers otherwise. */
export async function replay(lab: Lab, kept: readonly Kept[]): Promise<Cost> {
  let instructions = 0;
  let longest = 0;
  let cycles = 0;
  let stack = 0;
  for (const [i, one] of kept.entries()) {
    const { op, fields } = requestOf(one);
    const got = await lab.run(op, ...fields);
    assertAnswer(got, one, `${i} of ${kept.length} on ${lab.name}`);
    if (isSetting(one)) continue;
    instructions += got.instructions;
    cycles += got.cycles;
    longest = Math.max(longest, got.instructions);
    stack = Math.max(stack, got.stack);
  }
  return { instructions, longest, cycles, stack };
}
