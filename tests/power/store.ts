/** The firmware's store over a modelled flash, without the rest of the firmware. */
import { firmware } from "../../tools/guest/firmware.ts";
import type { Flash } from "../../tools/guest/flash.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  buffer(): number;
  open(): number;
  get(kind: number, max: number): number;
  put(kind: number, length: number): number;
  wear(kind: number, from: number, times: number): number;
}

const module = await firmware("tests/power/guest.ts");

/** One life of the store: as after a reset. */
export class Records {
  readonly #exports: Exports;
  /** The result of opening. */
  readonly opened: number;

  constructor(flash: Flash) {
    const at = (from: number, length: number): Uint8Array =>
      new Uint8Array(this.#exports.memory.buffer, from >>> 0, length);
    const ports = {
      pageBytes: () => flash.shape.pageBytes,
      pages: () => flash.shape.pages,
      read: (out: number, from: number, length: number) => at(out, length).set(flash.read(from, length)),
      program: (to: number, data: number, length: number) => Number(!flash.program(to, at(data, length))),
      erase: (from: number) => Number(!flash.erase(from)),
    };
    const unused = (): number => 0;
    const imports: Record<string, Record<string, () => number>> = {};
    for (const { module: port, name } of WebAssembly.Module.imports(module)) (imports[port] ??= {})[name] = unused;
    const instance = new WebAssembly.Instance(module, { ...imports, flash: ports });
    this.#exports = instance.exports as unknown as Exports;
    this.opened = this.#exports.open();
  }

  get(kind: number): Uint8Array | undefined {
    const length = this.#exports.get(kind, 512);
    if (length < 0) return undefined;
    return new Uint8Array(this.#exports.memory.buffer, this.#exports.buffer(), length).slice();
  }

  put(kind: number, data: Uint8Array): number {
    new Uint8Array(this.#exports.memory.buffer).set(data, this.#exports.buffer());
    return this.#exports.put(kind, data.length);
  }

  wear(kind: number, from: number, times: number): number {
    return this.#exports.wear(kind, from, times);
  }
}
