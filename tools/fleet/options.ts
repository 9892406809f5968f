import type { Tally } from "./tally.ts";

/** The options of a fleet, and its server. */
export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly audience: string;
  readonly serverKey: Uint8Array;
  /** Second server key of the devices' factory pages. */
  readonly nextServerKey?: Uint8Array | undefined;
  /** If set, the devices use TLS 1.3 only. */
  readonly tlsKey?: Uint8Array | undefined;
  /** Port of the attackers if `port` is TLS's. */
  readonly plainPort?: number | undefined;
  readonly devices: number;
  /** Switched on at once, at most; the others wait for their turn with their flash as it was. */
  readonly awake: number;
  /** Reports a second, of all that are switched on together. */
  readonly rate: number;
  readonly seconds: number;
  /** Clients that break the rules, as fast as they are answered. */
  readonly attackers: number;
  /** Power cuts, lost links and bridges that restart, a second. */
  readonly faults: number;
  readonly seed: number;
  /** Asked ten times a second: the fleet ends before its time when enough has come of it. */
  readonly isEnough?: (tally: Tally) => boolean;
  readonly onSecond?: (tally: Tally) => void;
}
