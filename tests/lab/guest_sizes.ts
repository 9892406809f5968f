/** Every public operation of the cryptography as an export, and nothing around them: for weighing it. */
import { open, seal } from "../../assembly/crypto/aead";
import { generate, instantiate, reseed } from "../../assembly/crypto/drbg";
import { publicKey, sign, signChecked, verify } from "../../assembly/crypto/ed25519";
import { feed, start as watch } from "../../assembly/crypto/health";
import { expand as expand256, extract as extract256 } from "../../assembly/crypto/hkdf256";
import { expand as expand512, extract as extract512 } from "../../assembly/crypto/hkdf512";
import {
  final as macFinal256,
  init as macInit256,
  mac as mac256,
  update as macUpdate256,
} from "../../assembly/crypto/hmac256";
import {
  final as macFinal512,
  init as macInit512,
  mac as mac512,
  update as macUpdate512,
} from "../../assembly/crypto/hmac512";
import {
  final as final256,
  hash as hash256,
  init as init256,
  peek as peek256,
  update as update256,
} from "../../assembly/crypto/sha256";
import {
  final as final512,
  hash as hash512,
  init as init512,
  peek as peek512,
  update as update512,
} from "../../assembly/crypto/sha512";
import { derive, publicKey as agreementKey } from "../../assembly/crypto/x25519";

export { open, seal };
export { generate, instantiate, reseed };
export { publicKey, sign, signChecked, verify };
export { feed, watch };
export { expand256, extract256, expand512, extract512 };
export { macFinal256, macInit256, mac256, macUpdate256 };
export { macFinal512, macInit512, mac512, macUpdate512 };
export { final256, hash256, init256, peek256, update256 };
export { final512, hash512, init512, peek512, update512 };
export { derive, agreementKey };
