/** `main.ts OPTIONS`: examine a board, with the options of `signet lab` as JSON; write the report, and print it in words. */
import { writeFileSync } from "node:fs";
import { tell } from "../../../tools/trouble.ts";
import { type Extent, examine, inWords, isSound } from "./report.ts";
import { open, type Place } from "./subject.ts";

try {
  const { out, ...options } = JSON.parse(process.argv[2] ?? "{}") as Place & Extent & { out: string };
  const subject = await open(options);
  try {
    const report = await examine(subject, options, (text) => process.stderr.write(`${text}\n`));
    writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`${inWords(report)}report: ${out}\n`);
    process.exitCode = isSound(report) ? 0 : 1;
  } finally {
    await subject.lab.close();
  }
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
