import { InvalidArgumentError } from "commander";

/** `host:port` of an argument. */
export function target(text: string): { host: string; port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65535) throw new InvalidArgumentError("It must be host:port.");
  return { host: match[1] ?? "", port };
}

/** `host:port` or `unix:path`. */
export function place(text: string): { host: string; port: number } | { unix: string } {
  return text.startsWith("unix:") ? { unix: text.slice("unix:".length) } : target(text);
}

/** An address of memory: decimal, or hexadecimal after 0x. */
export function address(text: string): number {
  const value = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 0xffff_ffff)) throw new InvalidArgumentError("It must be an address, for example 0x0801f000.");
  return value;
}
