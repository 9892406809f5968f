/** The TLS client's part of the bench: whole conversations of the scripted server, held again by the ELF. */
import { buildImage } from "../../tools/build/build.ts";
import { elfLab } from "../lab/lab.ts";
import { conversations } from "../tls/conversations.ts";
import { type Cost, replay } from "../tls/replay.ts";

export interface TlsCost extends Cost {
  /** Bytes of client and cryptography. */
  readonly flash: number;
}

/** Each conversation's cost, by the name it has in the bench. */
export async function benchTls(board: string): Promise<Record<string, TlsCost>> {
  const { elf, size } = await buildImage({ board, image: "tls" });
  const flash = (size.parts["tls"] ?? 0) + (size.parts["crypto"] ?? 0);
  const held = await conversations();
  const lab = await elfLab(board, { icount: true, elf });
  try {
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
    return Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, { ...cost, flash }]));
  } finally {
    await lab.close();
  }
}
