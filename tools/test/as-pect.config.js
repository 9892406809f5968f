import { table } from "../generate/tables.js";

/** How as-pect runs the module that the runner has made of the unit tests. */
export default {
  include: ["tests/unit/**/*.include.ts"],
  outputBinary: false,
  reporter: "tools/test/unit_reporter.js",
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory }, table }));
  },
};
