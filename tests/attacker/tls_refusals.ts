/** The one outcome of each attack of `tools/attacker/tls_attacks.ts`: the same on every road, and with every family of modules. */
import assert from "node:assert/strict";
import type { TlsAttack, TlsScene } from "../../tools/attacker/tls_attacks.ts";

/** The refusing side, and its reason. */
export const TLS_REFUSALS: Record<string, [by: string, reason: RegExp]> = {
  "flip-hello": ["device", /^bad_record_mac$/],
  garbage: ["device", /^unexpected_message$/],
  oversize: ["device", /^record_overflow$/],
  downgrade: ["device", /^protocol_version$/],
  "flip-handshake": ["device", /^bad_record_mac$/],
  "repeat-handshake": ["device", /^bad_record_mac$/],
  "skip-handshake": ["device", /^bad_record_mac$/],
  "flip-finished": ["server", /^bad_record_mac$/],
  "false-server": ["device", /^unknown_ca$/],
  "man-in-the-middle": ["device", /^unknown_ca$/],
  "flip-report": ["server", /^bad_record_mac$/],
  "flip-receipt": ["device", /^bad_record_mac$/],
  truncate: ["device", /^bad_record_mac$/],
  "replay-report": ["server", /^bad_record_mac$/],
  "replay-receipt": ["device", /^bad_record_mac$/],
  "false-close": ["device", /^unexpected_message$/],
  drop: ["device", /^sent again over a new connection, stored once$/],
  cut: ["device", /^sent again over a new connection, stored once$/],
  "replay-connection": ["server", /^it closed the connection: /],
  trickle: ["device", /^received every byte$/],
};

/** Carry out an attack: its refusal must be the expected one. */
export async function refused({ name, perform }: TlsAttack, scene: TlsScene): Promise<void> {
  const { by, reason } = await perform(scene);
  const [side, expected] = TLS_REFUSALS[name]!;
  assert.equal(by, side);
  assert.match(reason, expected);
}
