import { type Image, SIGNET } from "../../../tools/build/image.ts";

/** The product with a C program that serves a stream. */
const stream: Image = { ...SIGNET, name: "stream", main: "tests/qemu/stream/main.c" };

export default stream;
