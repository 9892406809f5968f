// weight: 53 s, 0.6 cores
import { elfLab } from "../lab/lab.ts";
import { everyCase, fitsMicrobit, isQuick } from "./every.ts";
import { FULL } from "../full.ts";

everyCase(() => elfLab("mps2-an386"), "mps2-an386", FULL ? undefined : isQuick);

if (FULL) {
  for (const board of ["mps2-an385", "mps2-an500", "mps2-an505"]) everyCase(() => elfLab(board), board);
  everyCase(() => elfLab("microbit"), "microbit", fitsMicrobit);
}
