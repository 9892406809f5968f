/** `signet console`: print a device's console until it ends, a signal arrives, or an awaited event occurs. */
import { parseEvent } from "../emulator/qemu.ts";
import { Trouble } from "../trouble.ts";
import * as terminal from "./console.ts";
import { inWords } from "./events.ts";

export interface Options {
  readonly raw?: boolean;
  readonly until?: string;
}

/** Show it. Throws Trouble when the console goes away. */
export async function watch(where: string, { raw = false, until }: Options): Promise<void> {
  let told: () => void = () => undefined;
  const over = new Promise<boolean>((resolve) => {
    told = () => resolve(true);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(true));
  });
  const stream = await terminal.open(where, (line) => {
    const event = parseEvent(line);
    const words = raw || !event ? undefined : inWords(event);
    // A line that is no event can hold any bytes: print no control characters.
    process.stdout.write(`${words ?? line.replace(/[^ -~]/g, "?")}\n`);
    if (until !== undefined && event?.name === until) told();
  });
  const gone = new Promise<boolean>((resolve) => stream.once("close", () => resolve(false)));
  const ended = await Promise.race([over, gone]);
  stream.destroy();
  if (!ended) throw new Trouble(`${where} is gone`, "reconnect it or restart it");
}
