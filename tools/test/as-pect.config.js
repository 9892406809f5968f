import { table } from "../generate/tables.js";

/** Settings with which as-pect runs the runner's module of unit tests. */
export default {
  include: ["tests/unit/**/*.include.ts"],
  outputBinary: false,
  reporter: "tools/test/unit_reporter.js",
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory }, table }));
  },
};
