import { elfLab } from "../lab/lab.ts";
import { everyCase } from "./every.ts";

for (const board of ["mps2-an386", "mps2-an385"]) everyCase(() => elfLab(board), board);
