/** A device on the emulated module, over a virtual wire, clock and network. */
import { FAMILIES, type FamilyName } from "../../../tools/modem/families.ts";
import type { AtModule } from "../../../tools/modem/module.ts";
import { Mischief, type Quirk } from "../../../tools/modem/quirks.ts";
import { seeded } from "../../../tools/line/random.ts";
import { Uart, misread } from "../../../tools/line/uart.ts";
import { Device, Family } from "./device.ts";
import type { Setting } from "./session.ts";
import { Network, VirtualClock } from "./virtual.ts";

export interface Bench extends Setting {
  readonly module: AtModule;
}

/** Set them up; each quirk strikes at `rate` of its occasions. */
export async function bench(
  quirks: readonly Quirk[],
  seed: number,
  baud = 115_200,
  rate = 0.1,
  family: FamilyName = "esp-at",
): Promise<Bench> {
  const clock = new VirtualClock();
  const random = seeded(seed);
  const device = await Device.make();
  const network = new Network(clock, random);
  const speed = (): number => module.baud;
  const deviceBaud = (): number => device.guest.baud() || baud;
  const down = new Uart(clock, random, speed, (bytes) => device.fromModule(bytes));
  const mischief = new Mischief(quirks, random, rate);
  const write = (bytes: Buffer): void => down.write(misread(bytes, module.baud, deviceBaud(), random));
  const module = FAMILIES[family](write, network.dial, clock, mischief);
  module.ownBaud = module.baud = baud;
  const up = new Uart(clock, random, speed, (bytes) =>
    module.receive(misread(bytes, deviceBaud(), module.baud, random)),
  );
  device.guest.start(Family[family], 0);
  return { device, clock, random, network, module, write: (bytes) => up.write(bytes) };
}
