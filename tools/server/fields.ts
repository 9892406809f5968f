/** Fields of the JSON files that a server signs: archives and checkpoints. */
import { z } from "zod";

/** A whole number, not negative. */
export const whole = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** So many bytes, hexadecimal. */
export const digits = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
