/** `main.ts [--json] [board …]`: run the bench and print it. */
import { tell } from "../../tools/trouble.ts";
import { asTable, bench } from "./bench.ts";

const args = process.argv.slice(2);
const boards = args.filter((arg) => arg !== "--json");
try {
  const report = await bench(boards.length > 0 ? boards : undefined);
  process.stdout.write(args.includes("--json") ? `${JSON.stringify(report)}\n` : asTable(report));
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
