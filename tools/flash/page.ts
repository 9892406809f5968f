/** A factory page as a file, for a programmer of one's own. */
import { writeFileSync } from "node:fs";
import { storeOf } from "../firmware/own.ts";
import { Trouble } from "../trouble.ts";
import * as certificate from "./certificate.ts";
import * as device from "./device.ts";
import * as hex from "./hex.ts";

export interface Options {
  readonly config: string;
  /** Address of the page in flash; or the program with a symbol for it. */
  readonly at?: number | undefined;
  readonly image?: string | undefined;
  /** The file with the certificate for the device's key on P-256. */
  readonly certificate?: string | undefined;
  readonly out: string;
}

/** Write the page of one device: Intel HEX if the name ends with .hex, else its bytes. Returns its address, if known. */
export async function writePage(options: Options): Promise<number | undefined> {
  const { config, image, out } = options;
  const chain = options.certificate === undefined ? undefined : certificate.load(options.certificate);
  const bytes = device.page(device.load(config), { certificate: chain });
  const store = image === undefined ? undefined : await storeOf(image, options.at);
  if (store && bytes.length > store.pageBytes)
    throw new Trouble(
      `the factory page has ${bytes.length} bytes, the store's pages ${store.pageBytes}`,
      "shorten its texts, or its chain of certificates",
    );
  const address = store?.origin ?? options.at;
  if (!out.endsWith(".hex")) writeFileSync(out, bytes);
  else if (address === undefined)
    throw new Trouble("Intel HEX needs an address", "give --at ADDRESS, or --image with your ELF");
  else writeFileSync(out, hex.write([{ address, bytes }]));
  return address;
}
