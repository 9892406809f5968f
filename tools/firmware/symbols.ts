/** Where things are in an image. */
import { run } from "./run.ts";

export interface Place {
  readonly address: number;
  /** Bytes; 0 if the image does not have the size. */
  readonly size: number;
}

/** Read an ELF's symbols; a request for a missing one throws. */
export async function symbols(elf: string): Promise<(name: string) => Place> {
  const found = new Map<string, Place>();
  for (const line of (await run("arm-none-eabi-nm", ["-S", elf])).split("\n")) {
    const [address, ...rest] = line.split(" ");
    const size = rest.length === 3 ? Number.parseInt(rest[0]!, 16) : 0;
    if (rest.length > 1) found.set(rest.at(-1)!, { address: Number.parseInt(address!, 16), size });
  }
  return (name) => {
    const place = found.get(name);
    if (place === undefined) throw new Error(`the image has no ${name}`);
    return place;
  };
}
