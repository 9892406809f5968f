import { choose } from "../../../tools/firmware/choices.ts";
import type { Image } from "../../../tools/firmware/image.ts";
import { SIGNET } from "../../../tools/firmware/product.ts";

/** The product with a C program that has a client of MQTT. */
const pubsub: Image = {
  ...SIGNET,
  name: "pubsub",
  main: "tests/qemu/pubsub/main.c",
  adapt: (board) => choose(board, ["pubsub"]),
};

export default pubsub;
