/**
 * A message of the device's own that is written and not signed yet. The signer may answer at a later turn: until then the life does nothing else.
 */
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import * as keypair from "../identity/keypair";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as entropy from "./entropy";
import * as ground from "./_ground";
import { life } from "./_ground";
import * as key from "./_key";
import { own } from "./_key";

/** Bytes of a signature's noise. */
const NOISE_BYTES: u32 = 32;

/** Places of the parts of the message. */
export const draft = changetype<Sign1>(memory.data(offsetof<Sign1>(), 4));

/** Sign the draft: Ok; Again, and then call again at a later turn; or NoEntropy, and the life ends. A fault noticed in the signature traps. */
export function sign(): Status {
  const noise = scratch.take(NOISE_BYTES);
  if (entropy.random(noise, NOISE_BYTES, life.nowMs) != Status.Ok) {
    ground.giveUp();
    return Status.NoEntropy;
  }
  const lent = key.lend();
  const status = sign1.sign(draft, keypair.signer(own), noise);
  key.wipe(lent);
  scratch.release(noise);
  if (status != Status.Ok && status != Status.Again) unreachable();
  return status;
}
