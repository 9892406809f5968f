/** Progress messages of flashing. */
import { SingleBar } from "cli-progress";
import { parseEvent } from "../emulator/qemu.ts";
import { inWords } from "./events.ts";
import type { Listener } from "./flash.ts";

/** Steps as lines, a bar where there is a terminal, the device's words indented. */
export function onTerminal(prefix = ""): Listener & { done(): void } {
  let bar: SingleBar | undefined;
  const say = (text: string): void => {
    bar?.stop();
    bar = undefined;
    process.stdout.write(`${prefix}${text}\n`);
  };
  return {
    step: say,
    progress(written, total) {
      if (!process.stderr.isTTY) return;
      if (!bar) {
        bar = new SingleBar({ format: "  {bar} {percentage} % {value}/{total} bytes", stopOnComplete: true });
        bar.start(total, 0);
      }
      bar.update(written);
    },
    line(line) {
      const event = parseEvent(line);
      say(`  device  ${(event && inWords(event)) ?? line}`);
    },
    done: () => bar?.stop(),
  };
}
