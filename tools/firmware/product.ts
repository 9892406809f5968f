import { type Image, PROGRAM } from "./image.ts";

/** The product. */
export const SIGNET: Image = { name: "signet", ...PROGRAM };
