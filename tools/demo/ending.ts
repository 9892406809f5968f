/** The end of a demo: the emulator ends, or a signal arrives. */
import type { Emulator } from "../emulator/qemu.ts";
import { Trouble } from "../trouble.ts";

/** Rejects when the emulator ends by itself. */
export function emulatorEnds(device: Emulator): Promise<never> {
  return new Promise((_, reject) => {
    device.once("exit", () => {
      const said = [...device.lines.slice(-3), device.complaint.trim()].filter(Boolean).join("; ");
      reject(new Trouble(`the emulator ended: ${said}`, "the lines above show its last step"));
    });
  });
}

/** Resolves at the first signal to end. One Ctrl-C may arrive twice, from the terminal and from npm: the second has no effect. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
}
