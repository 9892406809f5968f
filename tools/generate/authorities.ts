/**
 * Generate the keys of public authorities that the TLS client knows with the choice `public`: for the boards as a C array, for Node as a module. They
 * come from the certificates of Debian's package ca-certificates. An entry is the length of the SubjectPublicKeyInfo, the SHA-256 of the name, then the
 * SubjectPublicKeyInfo, filled up to words; a length of zero ends the table. A device trusts one of them only if its factory page has the pin.
 */
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { entryOf } from "./authority.ts";
import { lines, writeTable } from "./words.ts";

const FOLDER = "/etc/ssl/certs";
const FILES = [
  "ISRG_Root_X1",
  "ISRG_Root_X2",
  "GTS_Root_R1",
  "GTS_Root_R4",
  "Amazon_Root_CA_1",
  "Amazon_Root_CA_3",
  "DigiCert_Global_Root_G2",
  "DigiCert_Global_Root_G3",
];

const text = FILES.flatMap((file) => {
  const certificate = new X509Certificate(readFileSync(`${FOLDER}/${file}.pem`));
  const pin = createHash("sha256")
    .update(certificate.publicKey.export({ format: "der", type: "spki" }))
    .digest("hex");
  return [`  // ${file.replaceAll("_", " ")}, pin ${pin}`, ...lines(entryOf(certificate).map(BigInt))];
});
writeTable("authorities", "authorities", [...text, "  0,"]);
