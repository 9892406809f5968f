// weight: 50 s, 0.5 cores
/** Every attack of `tools/attacker/tls_attacks.ts` on each road, and with each family of modules those of the demo; all at the same time. */
import { after, before, describe, it } from "node:test";
import { TLS_ATTACKS, type TlsAttack } from "../../tools/attacker/tls_attacks.ts";
import { SHOWN } from "../../tools/demo/attacks.ts";
import { missing } from "../../tools/demo/broker.ts";
import { ROADS, type RoadName } from "../../tools/firmware/choices.ts";
import { FAMILIES, type FamilyName } from "../../tools/modem/families.ts";
import type { Factory } from "../../tools/wire/factory.ts";
import { refused } from "../attacker/tls_refusals.ts";
import { FULL } from "../full.ts";
import { stage, type Stage } from "./scene.ts";

const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[];
const CASES: readonly (readonly [Factory["link"], RoadName])[] = [
  ...ROADS.map((road) => ["esp-at", road] as const),
  ["framed", "tcp"],
  ["quectel", "udp"],
  ...FAMILY_NAMES.filter((family) => family !== "esp-at").flatMap((family) =>
    (FULL ? (["tcp", "mqtt"] as const) : (["tcp"] as const)).map((road) => [family, road] as const),
  ),
];

/** All attacks on each road; those of the demo with a family that differs in the link alone. */
function attacksFor(link: Factory["link"]): readonly TlsAttack[] {
  return link === "esp-at" || FULL ? TLS_ATTACKS : TLS_ATTACKS.filter(({ name }) => SHOWN.includes(name));
}

describe("attacks on TLS", { concurrency: true }, () => {
  for (const [link, road] of CASES) {
    describe(`over ${road} with ${link}`, { skip: road === "mqtt" && missing(), concurrency: false }, () => {
      let set: Stage | undefined;
      before(async () => {
        set = await stage(link, road);
      });
      after(() => set?.close());

      for (const attack of attacksFor(link)) {
        it(`${attack.name} is refused by name, every report is stored once, and the device continues`, () =>
          refused(attack, set!.scene));
      }
    });
  }
});
