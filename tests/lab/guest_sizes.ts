/** Every public operation of the cryptography as an export, and nothing around them: for weighing it. */
export { open, seal } from "../../assembly/crypto/aead";
export { generate, instantiate, reseed } from "../../assembly/crypto/drbg";
export { publicKey, sign, signChecked, verify } from "../../assembly/crypto/ed25519";
export { feed, start as healthStart } from "../../assembly/crypto/health";
export { expand as expand256, extract as extract256 } from "../../assembly/crypto/hkdf256";
export { expand as expand512, extract as extract512 } from "../../assembly/crypto/hkdf512";
export {
  final as macFinal256,
  init as macInit256,
  mac as mac256,
  update as macUpdate256,
} from "../../assembly/crypto/hmac256";
export {
  final as macFinal512,
  init as macInit512,
  mac as mac512,
  update as macUpdate512,
} from "../../assembly/crypto/hmac512";
export {
  final as final256,
  hash as hash256,
  init as init256,
  peek as peek256,
  update as update256,
} from "../../assembly/crypto/sha256";
export {
  final as final512,
  hash as hash512,
  init as init512,
  peek as peek512,
  update as update512,
} from "../../assembly/crypto/sha512";
export { derive, publicKey as agreementKey } from "../../assembly/crypto/x25519";
