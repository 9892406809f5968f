import type { Image } from "../../tools/firmware/image.ts";

/** The TLS client on the link, with a pattern for data: what talks to servers of others. */
const pattern: Image = { name: "pattern", entry: "tests/tls/guest_pattern.ts", main: "boards/common/main.c" };

export default pattern;
