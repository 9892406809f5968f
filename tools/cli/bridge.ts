import type { Command } from "commander";
import { target } from "./address.ts";

/** `signet bridge`: the host's end of the framed link. */
export function add(program: Command): void {
  program
    .command("bridge")
    .description("connect a device on a serial line (framed link) to the network")
    .requiredOption("--serial <path>", "the serial line: /dev/ttyUSB0, tcp:host:port or unix:path")
    .requiredOption("--to <host:port>", "target of the device's connections", target)
    .option("--baud <rate>", "baud rate of a real serial line", Number, 115_200)
    .action(async (options: { serial: string; to: { host: string; port: number }; baud: number }) => {
      const { openSerial, startBridge } = await import("../bridge/bridge.ts");
      const { Trouble } = await import("../trouble.ts");
      const stream = await openSerial(options.serial, options.baud);
      await startBridge({ stream, to: options.to, log: (line) => console.log(line) });
      console.log(`bridging ${options.serial} to ${options.to.host}:${options.to.port}`);
      await new Promise((closed) => stream.once("close", closed));
      throw new Trouble(`${options.serial} is gone`, "reconnect it, then run the command again");
    });
}
