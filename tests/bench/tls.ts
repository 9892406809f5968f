/** The TLS client's part of the bench: whole conversations of the scripted server, held again by the ELF. */
import { join } from "node:path";
import type { Board } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { countedLab } from "./counted.ts";
import { Call } from "../tls/call.ts";
import { conversations, ordinary } from "../tls/conversations.ts";
import { type Cost, replay } from "../tls/replay.ts";
import TLS from "../tls/image.ts";

export interface TlsCost extends Cost {
  /** Bytes of flash: client, X.509, cryptography, the compiler's library, and the calls in; all but the board's own C. */
  readonly flash: number;
  /** Bytes of linear memory, without the test's own, and of stack. */
  readonly ram: number;
}

/** The costs of handshakes with ordinary servers, of the client with the choice `public`. */
export async function benchOrdinary(board: string): Promise<Record<string, TlsCost>> {
  const { elf, size } = await buildImage({ board, image: TLS, choices: ["public"] });
  const flash = Object.values({ ...size.parts, boards: 0 }).reduce((sum, bytes) => sum + bytes);
  const held = await ordinary();
  const lab = await countedLab(board, elf);
  try {
    const own = -(await lab.run(Call.Own, Buffer.alloc(8))).result;
    const costs = {
      "tls.handshake.p256": await replay(lab, held.p256),
      "tls.handshake.rsa": await replay(lab, held.rsa),
    };
    const withSizes = (cost: Cost): TlsCost => ({ ...cost, flash, ram: size.linear - own + cost.stack });
    return Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, withSizes(cost)]));
  } finally {
    await lab.close();
  }
}

/** Each conversation's cost on a board, its data changed as said, by the name it has in the bench. */
export async function benchTls(board: string, change?: Partial<Board>): Promise<Record<string, TlsCost>> {
  const out = change && { change, out: join(ROOT, "build", "changed") };
  const { elf, size } = await buildImage({ board, image: TLS, ...out });
  const flash = Object.values({ ...size.parts, boards: 0 }).reduce((sum, bytes) => sum + bytes);
  const held = await conversations();
  const lab = await countedLab(board, elf);
  try {
    const own = -(await lab.run(Call.Own, Buffer.alloc(8))).result;
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
    const linear = size.linear - own;
    const withSizes = (cost: Cost): TlsCost => ({ ...cost, flash, ram: linear + cost.stack });
    return Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, withSizes(cost)]));
  } finally {
    await lab.close();
  }
}
