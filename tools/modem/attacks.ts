/**
 * Attacks on the bytes that a module carries, independent of their meaning: for any device and any protocol. Those that know
 * Signet's messages are in `tools/attacker`.
 */
import type { Connection, Tap, Target } from "../line/tap.ts";
import type { Random } from "../line/random.ts";

/** Attacks on a piece of a stream, in either direction. */
export const ATTACKS = {
  flip: "flip a bit",
  truncate: "truncate a piece",
  drop: "drop a piece",
  replay: "repeat an earlier piece",
  reorder: "deliver a piece after the next one",
  inject: "insert bytes",
  cut: "close the connection",
} as const;

export type AttackName = keyof typeof ATTACKS;

/** True if this is the name of an attack. */
export function isAttack(name: string): name is AttackName {
  return Object.hasOwn(ATTACKS, name);
}

export interface StreamAttacker {
  readonly tap: Tap;
  /** May be changed while the module runs. */
  readonly attacks: Set<AttackName>;
  /** Number of times that each was carried out. */
  readonly done: Map<AttackName, number>;
}

/** The target of a direction's bytes, and the attacker's memory of it. */
interface Flow {
  held: Uint8Array | undefined;
  seen: Uint8Array | undefined;
}

/** An attacker that carries out one of its attacks on a `rate` of all pieces; with `redirect` every connection leads there. */
export function attacker(
  attacks: Iterable<AttackName>,
  random: Random,
  rate: number,
  redirect?: Target,
): StreamAttacker {
  const chosen = new Set(attacks);
  const done = new Map<AttackName, number>();
  const flows = new WeakMap<Connection, { up: Flow; down: Flow }>();
  const flowsOf = (connection: Connection): { up: Flow; down: Flow } => {
    const known = flows.get(connection) ?? {
      up: { held: undefined, seen: undefined },
      down: { held: undefined, seen: undefined },
    };
    flows.set(connection, known);
    return known;
  };
  const pass = (connection: Connection, flow: Flow, bytes: Uint8Array, onward: (bytes: Uint8Array) => void): void => {
    const names = [...chosen];
    const name = random.unit() < rate ? names[random.below(names.length)] : undefined;
    if (name) done.set(name, (done.get(name) ?? 0) + 1);
    for (const piece of changed(name, random, flow, bytes)) onward(piece);
    if (name === "cut") connection.close();
  };
  const tap: Tap = {
    target: (asked) => redirect ?? asked,
    up: (connection, bytes) => pass(connection, flowsOf(connection).up, bytes, (piece) => connection.toServer(piece)),
    down: (connection, bytes) =>
      pass(connection, flowsOf(connection).down, bytes, (piece) => connection.toDevice(piece)),
  };
  return { tap, attacks: chosen, done };
}

/** The replacement for `bytes`. */
function changed(name: AttackName | undefined, random: Random, flow: Flow, bytes: Uint8Array): Uint8Array[] {
  const { held, seen } = flow;
  flow.seen = bytes;
  if (name === "reorder" && !held) {
    flow.held = bytes;
    return [];
  }
  flow.held = undefined;
  const behind = held ? [held] : [];
  const at = random.below(bytes.length);
  switch (name) {
    case "flip": {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return [flipped, ...behind];
    }
    case "truncate":
      return [bytes.subarray(0, at), ...behind];
    case "drop":
      return behind;
    case "replay":
      return [bytes, ...(seen ? [seen] : [bytes]), ...behind];
    case "inject":
      return [
        bytes.subarray(0, at),
        Uint8Array.from({ length: 1 + random.below(64) }, () => random.below(256)),
        bytes.subarray(at),
        ...behind,
      ];
    default:
      return [bytes, ...behind];
  }
}
