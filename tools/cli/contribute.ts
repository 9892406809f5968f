/** The verbs for a change of Signet itself; the npm package has none of them. */
import type { Command } from "commander";
import * as bench from "./bench.ts";
import * as check from "./check.ts";
import * as format from "./format.ts";
import * as pack from "./pack.ts";
import * as test from "./test.ts";

export const verbs: readonly { add(program: Command): void }[] = [test, check, format, bench, pack];
