import { table } from "../../tools/generate/tables.js";

// as-pect runs the files it is given besides these; given any, it shall run no others.
const isGivenFiles = process.argv.some((argument) => argument.endsWith(".spec.ts"));

export default {
  entries: isGivenFiles ? [] : ["tests/unit/**/*.spec.ts"],
  include: ["tests/unit/**/*.include.ts"],
  disclude: [/node_modules/],
  outputBinary: false,
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory }, table }));
  },
};
