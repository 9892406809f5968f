import { writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

/** Report as-pect tests to the runner: a note on each line, as JSON, in the file that the runner names (`reporter.ts`). */
export default {
  stdout: null,
  stderr: null,
  onEnter() {},
  onExit() {},
  onFinish({ rootNode, errors }) {
    const told = [
      ...toldOf(rootNode, []),
      ...errors.map(({ type, message }) => ({ name: "the suite", verdict: "failed", reason: `${type} ${message}` })),
    ];
    const { user, system } = process.cpuUsage();
    const notes = [...told, { processorS: (user + system) / 1e6 }];
    writeFileSync(process.env.TEST_NOTES, notes.map((note) => `${JSON.stringify(note)}\n`).join(""));
  },
};

/** As-pect's type of a node that is a test and no group. */
const TEST = 0;

/** The verdicts of a node's tests, and of those below it. */
function toldOf(node, trail) {
  const names = node.name === "" ? trail : [...trail, node.name];
  const name = names.join(" > ");
  const todos = node.todos.map((todo) => ({ name: `${name} > ${todo}`, verdict: "skipped", reason: "" }));
  if (node.type === TEST) return [node.pass ? { name, verdict: "passed", reason: "" } : failed(node, name), ...todos];
  return [...node.children.flatMap((child) => toldOf(child, names)), ...todos];
}

function failed({ message, actual, expected, stackTrace }, name) {
  const shown = (value) => stripVTControlCharacters(value.stringify({ indent: 2 })).trimStart();
  const lines = [
    message ?? "",
    actual ? `actual: ${shown(actual)}` : "",
    expected ? `expected: ${expected.negated ? "not " : ""}${shown(expected)}` : "",
    stackTrace ?? "",
  ];
  return { name, verdict: "failed", reason: lines.filter(Boolean).join("\n") };
}
