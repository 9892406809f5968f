/** The attacks of a demo, one after the other. */
import { ATTACKS, type Refusal } from "../attacker/attacks.ts";
import { TLS_ATTACKS } from "../attacker/tls_attacks.ts";
import type { Emulator } from "../emulator/qemu.ts";
import * as roads from "./road.ts";
import type { Story } from "./story.ts";

/** Which of the attacks on TLS are shown: one of each kind. `tests/qemu` plays them all. */
export const SHOWN = [
  "flip-hello",
  "downgrade",
  "flip-handshake",
  "false-server",
  "man-in-the-middle",
  "flip-report",
  "flip-receipt",
  "replay-report",
  "drop",
  "cut",
  "replay-connection",
  "trickle",
];

/** Time for the device's step: the longest is to detect a dead server and try again. */
export const STEP_MS = 60_000;

/** An attack with its scene set. */
export interface Attack {
  readonly name: string;
  readonly does: string;
  perform(): Promise<Refusal>;
}

/** Every attack that the road is for: on records inside TLS, on messages without it. */
export async function on(road: roads.Road, device: Emulator, id: string): Promise<Attack[]> {
  if (road.server.tls) {
    const scene = roads.tlsScene(road, device, id);
    const shown = TLS_ATTACKS.filter(({ name }) => SHOWN.includes(name));
    return shown.map(({ name, does, perform }) => ({ name, does, perform: () => perform(scene) }));
  }
  const scene = await roads.scene(road, device, id);
  return ATTACKS.map(({ name, does, perform }) => ({
    name,
    does,
    async perform() {
      // After a new report, the damage of the previous attack is repaired.
      await roads.decided(road, roads.isNewReport(id), STEP_MS);
      return perform(scene);
    },
  }));
}

/** Carry out one attack, and print which side refused it. */
export async function suffer(story: Story, attack: Attack): Promise<void> {
  story.say("attack", `${attack.name}: ${attack.does}`);
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no result of the attack "${attack.name}" in ${STEP_MS} ms`)), STEP_MS).unref();
  });
  const { by, reason } = await Promise.race([attack.perform(), late]);
  story.say("attack", `refused by the ${by}: ${reason}`);
}
