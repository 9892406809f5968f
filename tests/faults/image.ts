import type { Image } from "../../tools/firmware/image.ts";
import LAB from "../lab/image.ts";

/** The lab's program around this folder's guest. */
const faults: Image = { ...LAB, name: "faults", entry: "tests/faults/guest.ts" };

export default faults;
