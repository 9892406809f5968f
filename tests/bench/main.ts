/** `main.ts [--json] [board …]`: run the bench and print it. `main.ts [--json] server`: that of the server. `main.ts costs`: write the figures of `signet tls`. */
import { tell } from "../../tools/trouble.ts";
import { asTable, bench } from "./bench.ts";

const args = process.argv.slice(2);
const boards = args.filter((arg) => arg !== "--json");
try {
  if (boards[0] === "server") {
    const { benchServer } = await import("./server.ts");
    const { benchWorkers } = await import("./workers.ts");
    const figures = { ...(await benchServer()), workers: await benchWorkers() };
    process.stdout.write(`${JSON.stringify(figures, null, args.includes("--json") ? 0 : 2)}\n`);
    process.exit();
  }
  if (boards[0] === "costs") {
    const { writeCosts } = await import("./costs.ts");
    process.stdout.write(await writeCosts());
    process.exit();
  }
  const report = await bench(boards.length > 0 ? boards : undefined);
  process.stdout.write(args.includes("--json") ? `${JSON.stringify(report)}\n` : asTable(report));
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
