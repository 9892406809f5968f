import type { Image } from "../../../tools/firmware/image.ts";

/** Planted faults: what the boot tests run. */
const probe: Image = { name: "probe", entry: "tests/qemu/boot/guest.ts", main: "boards/common/main.c" };

export default probe;
