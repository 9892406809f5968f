import type { Image } from "../../../tools/firmware/image.ts";
import { SIGNET } from "../../../tools/firmware/product.ts";

/** The product with a C program that serves a stream. */
const stream: Image = { ...SIGNET, name: "stream", main: "tests/qemu/stream/main.c" };

export default stream;
