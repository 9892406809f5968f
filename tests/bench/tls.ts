/** The TLS client's part of the bench: whole conversations of the scripted server, held again by the ELF. */
import { join } from "node:path";
import type { Board } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import type { Size } from "../../tools/firmware/size.ts";
import { PROFILE_NAMES, type ProfileName } from "../../tools/tls/profiles.ts";
import type { Lab } from "../lab/lab.ts";
import { countedLab } from "./counted.ts";
import { Call } from "../tls/call.ts";
import { conversations, profiled } from "../tls/conversations.ts";
import { type Cost, replay } from "../tls/replay.ts";
import TLS from "../tls/image.ts";

export interface TlsCost extends Cost {
  /** Bytes of flash: client, X.509, cryptography, the compiler's library, and the calls in; all but the board's own C. */
  readonly flash: number;
  /** Bytes of linear memory, without the test's own, and of stack. */
  readonly ram: number;
}

/** The names in the bench of a first handshake and of a resumption, by the profile of the client. */
const NAMES: Readonly<Record<ProfileName, string>> = { pinned: "ed25519", own: "p256", public: "rsa", cloud: "cloud" };

/** The costs of a first handshake and of a resumption of each profile, the device without a certificate, in the image of that profile. */
export async function benchProfiles(
  board: string,
): Promise<Record<ProfileName, { handshake: TlsCost; resume: TlsCost }>> {
  const all = [];
  for (const name of PROFILE_NAMES) all.push([name, await benchProfile(board, name)]);
  return Object.fromEntries(all);
}

/** The same, by the names of the bench. */
export async function benchOrdinary(board: string): Promise<Record<string, TlsCost>> {
  const costs = await benchProfiles(board);
  return Object.fromEntries(
    PROFILE_NAMES.flatMap((name) => [
      [`tls.handshake.${NAMES[name]}`, costs[name].handshake],
      [`tls.resume.${NAMES[name]}`, costs[name].resume],
    ]),
  );
}

/** The costs of one of them. */
export async function benchProfile(board: string, name: ProfileName): Promise<{ handshake: TlsCost; resume: TlsCost }> {
  const { elf, size } = await buildImage({ board, image: TLS, choices: name === "pinned" ? [] : [name] });
  const held = await profiled(name);
  const lab = await countedLab(board, elf);
  try {
    const withSizes = await sizing(lab, size);
    const handshake = withSizes(await replay(lab, held.handshake));
    await replay(lab, held.ticket);
    return { handshake, resume: withSizes(await replay(lab, held.resume)) };
  } finally {
    await lab.close();
  }
}

/** Add the sizes of an image to a cost. */
async function sizing(lab: Lab, size: Size): Promise<(cost: Cost) => TlsCost> {
  const own = -(await lab.run(Call.Own, Buffer.alloc(8))).result;
  const flash = Object.values({ ...size.parts, boards: 0 }).reduce((sum, bytes) => sum + bytes);
  return (cost) => ({ ...cost, flash, ram: size.linear - own + cost.stack });
}

/** Each conversation's cost on a board, its data changed as said, by the name it has in the bench. */
export async function benchTls(board: string, change?: Partial<Board>): Promise<Record<string, TlsCost>> {
  const out = change && { change, out: join(ROOT, "build", "changed") };
  const { elf, size } = await buildImage({ board, image: TLS, ...out });
  const held = await conversations();
  const lab = await countedLab(board, elf);
  try {
    const withSizes = await sizing(lab, size);
    const handshake = await replay(lab, held.handshake);
    await replay(lab, held.ticket);
    const seal = await replay(lab, held.seal);
    const open = await replay(lab, held.open);
    const resume = await replay(lab, held.resume);
    const chain = await replay(lab, held.chain);
    const costs = {
      "tls.handshake": handshake,
      "tls.handshake.chain": chain,
      "tls.resume": resume,
      "tls.record.kib": seal,
      "tls.record.open.kib": open,
    };
    return Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, withSizes(cost)]));
  } finally {
    await lab.close();
  }
}
