import type { Image } from "./image.ts";

/** The product. */
export const SIGNET: Image = { name: "signet", entry: "assembly/main.ts", main: "boards/common/main.c" };
