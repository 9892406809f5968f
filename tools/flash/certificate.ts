/** A certificate that an authority issued for a device's key on P-256, as its factory page holds it. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { PAGE_LIMITS } from "../facts/device.ts";
import { Trouble } from "../trouble.ts";

const [CHAIN_MOST] = PAGE_LIMITS.CHAIN_MOST;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const HINT =
  "give PEM: the device's certificate first, then each authority that issued the one before, without the root";

/** Make the certificate_list of TLS (RFC 8446 section 4.4.2) of a chain in PEM. Throw Trouble that says what is wrong with it. */
export function list(pem: string, name: string): Uint8Array {
  const wrong = (what: string): Trouble => new Trouble(`${name}: ${what}`, HINT);
  const chain = (pem.match(PEM) ?? []).map((text, at) => {
    try {
      return new X509Certificate(text);
    } catch (error) {
      throw wrong(`certificate ${at + 1} cannot be read: ${(error as Error).message}`);
    }
  });
  const [leaf] = chain;
  if (leaf === undefined) throw wrong("there is no certificate in it");
  if (leaf.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw wrong("the first certificate has no key on P-256");
  for (const [at, one] of chain.slice(1).entries())
    if (!chain[at]!.verify(one.publicKey)) throw wrong(`certificate ${at + 2} did not issue certificate ${at + 1}`);
  const bytes = Buffer.concat(chain.map(({ raw }) => entry(raw)));
  if (bytes.length > CHAIN_MOST)
    throw wrong(`it has ${bytes.length} bytes in TLS; the device has room for ${CHAIN_MOST}`);
  return bytes;
}

/** A CertificateEntry without extensions. */
function entry(der: Buffer): Buffer {
  const length = Buffer.alloc(3);
  length.writeUIntBE(der.length, 0, 3);
  return Buffer.concat([length, der, Buffer.alloc(2)]);
}

/** Read the file. */
export function load(path: string): Uint8Array {
  return list(readFileSync(path, "utf8"), path);
}

/** The subjects of a certificate_list, the device's first; undefined if it is none. */
export function subjects(bytes: Uint8Array): string[] | undefined {
  const all = Buffer.from(bytes);
  const found: string[] = [];
  try {
    for (let at = 0; at < all.length;) {
      const end = at + 3 + all.readUIntBE(at, 3);
      found.push(new X509Certificate(all.subarray(at + 3, end)).subject.replaceAll("\n", ", "));
      at = end + 2;
    }
  } catch {
    return undefined;
  }
  return found;
}
