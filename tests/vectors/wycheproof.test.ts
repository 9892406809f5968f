import { wasmLab } from "../lab/lab.ts";
import { everyCase } from "./every.ts";

everyCase(() => wasmLab());
