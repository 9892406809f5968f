/** The signatures of the scripted server, by the number of their scheme (RFC 8446 §4.2.3). */
import { constants, createPrivateKey, sign } from "node:crypto";

/** The hash of a scheme; a missing one is the key's own. */
const HASHES: Readonly<Record<number, string>> = {
  0x0401: "sha256",
  0x0501: "sha384",
  0x0503: "sha384",
  0x0804: "sha256",
  0x0805: "sha384",
};

/** Sign by a scheme of TLS. A key of another algorithm signs as it can: the signature then belongs to no scheme. */
export function signAs(scheme: number, content: Uint8Array, pem: string): Buffer {
  const pss = scheme >> 8 === 8 && scheme < 0x0807;
  const key = createPrivateKey(pem);
  const hash = key.asymmetricKeyType === "ed25519" ? null : (HASHES[scheme] ?? null);
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return sign(hash, content, { key, ...(pss && key.asymmetricKeyType === "rsa" && padding) });
}
