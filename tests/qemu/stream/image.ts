import { choose } from "../../../tools/firmware/choices.ts";
import type { Image } from "../../../tools/firmware/image.ts";
import { SIGNET } from "../../../tools/firmware/product.ts";

/** The product of the choice `cloud` with a C program that serves a stream. */
const stream: Image = {
  ...SIGNET,
  name: "stream",
  main: "tests/qemu/stream/main.c",
  adapt: (board) => choose(board, ["cloud"]),
};

export default stream;
