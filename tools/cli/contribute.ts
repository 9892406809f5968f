/** The verbs for a change of Signet itself; the npm package has none of them. */
export const verbs = {
  test: () => import("./test.ts"),
  check: () => import("./check.ts"),
  format: () => import("./format.ts"),
  bench: () => import("./bench.ts"),
  lab: () => import("./lab.ts"),
  pack: () => import("./pack.ts"),
};
