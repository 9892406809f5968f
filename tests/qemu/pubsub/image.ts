import { choose } from "../../../tools/firmware/choices.ts";
import type { Image } from "../../../tools/firmware/image.ts";
import { SIGNET } from "../../../tools/firmware/product.ts";

/** Linear memory that the client takes, at most. */
const MORE_BYTES = 2.75 * 1024;

/** The product with a C program that has a client of MQTT. */
const pubsub: Image = {
  ...SIGNET,
  name: "pubsub",
  main: "tests/qemu/pubsub/main.c",
  adapt: (board) => {
    const chosen = choose(board, ["pubsub"]);
    return { ...chosen, budget: { ...chosen.budget, linear: chosen.budget.linear + MORE_BYTES } };
  },
};

export default pubsub;
