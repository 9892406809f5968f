/** The example of an export with another port: programs with a planted fault. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../tools/firmware/run.ts";

/** Functions of the example's own port that the template lacks. */
const BEGUN = ["port_begin", "SysTick_Handler", "UART0_RX_Handler", "UART0_TX_Handler"];

/** The ports, from those of an export in `out`. */
export function ports(out: string): Readonly<Record<"empty" | "stopped" | "lossy" | "forgetful", string>> {
  const port = readFileSync(join(out, "examples/own-main/port.c"), "utf8");
  const template = readFileSync(join(out, "signet_port.c.in"), "utf8");
  return {
    empty: template + BEGUN.map((name) => `void ${name}(void) {}\n`).join(""),
    stopped: port.replace("{ ticks++; }", "{}"),
    forgetful: port
      .replace(" &= data[i]", "")
      .replace("memcmp(signet_port_store + at, data, len) != 0", "(void)data, 0"),
    lossy: port.replace("QUEUE_BYTES 1024u", "QUEUE_BYTES 32u"),
  };
}

/** Link the example with a port and `object`, which is signet.c compiled; return the program. */
export async function withPort(port: string, out: string, cpu: string, object: string): Promise<string> {
  const [source, program, example] = [join(out, "faulty.c"), join(out, "faulty.elf"), join(out, "examples/own-main")];
  writeFileSync(source, port);
  const parts = readdirSync(out).filter((file) => file.endsWith(".S"));
  const own = ["main.c", "startup.c"].map((file) => join(example, file));
  const flags = `-mcpu=${cpu} -mthumb -Os -g -nostartfiles --specs=nano.specs --specs=nosys.specs -Wl,--gc-sections`;
  const places = [`-I${out}`, `-I${example}`, "-T", join(example, "own.ld"), "-o", program];
  const files = [...own, source, object, ...parts.map((file) => join(out, file))];
  await run("arm-none-eabi-gcc", [...flags.split(" "), ...places, ...files]);
  return program;
}
