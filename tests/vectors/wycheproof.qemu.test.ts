// weight: 18 s, 0.5 cores
import { elfLab } from "../lab/lab.ts";
import { everyCase } from "./every.ts";

everyCase(() => elfLab("mps2-an386"), "mps2-an386");

if (process.env["SIGNET_FULL"]) {
  for (const board of ["mps2-an385", "mps2-an500", "mps2-an505"]) everyCase(() => elfLab(board), board);
  // The micro:bit's lab has a buffer of 2 KiB, which the longest outputs of HKDF do not fit.
  everyCase(
    () => elfLab("microbit"),
    "microbit",
    ({ size }) => typeof size !== "number" || size < 1700,
  );
}
