/** A chain of certificates in PEM, as it goes into the factory page. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { list, subjects } from "../../tools/flash/certificate.ts";
import { inspectInput } from "../../tools/flash/inspect.ts";
import { Trouble } from "../../tools/trouble.ts";
import * as factory from "../../tools/wire/factory.ts";
import { caExtensions, certify, p256Identity, rsaIdentity, type Identity } from "../tls/identities.ts";

const [device, middle, root, rsa] = await Promise.all([p256Identity(), p256Identity(), p256Identity(), rsaIdentity()]);
const pem = async (subject: Identity, name: string, issuer: Identity, issuerName: string): Promise<string> =>
  (await certify({ subject, name, issuer, issuerName, extensions: caExtensions() })).toString("pem");
const LEAF = await pem(device, "CN=pump-7", middle, "CN=Middle");
const MIDDLE = await pem(middle, "CN=Middle", root, "CN=Root");
const OTHER = await pem(root, "CN=Middle", root, "CN=Root");

test("is the certificate_list of TLS, with each certificate as it was", () => {
  const bytes = Buffer.from(list(`text before\n${LEAF}\n${MIDDLE}`, "chain.pem"));
  const { raw } = new X509Certificate(LEAF);
  assert.equal(bytes.readUIntBE(0, 3), raw.length);
  assert.ok(bytes.subarray(3, 3 + raw.length).equals(raw));
  assert.equal(bytes.length, 10 + raw.length + new X509Certificate(MIDDLE).raw.length);
  assert.deepEqual(subjects(bytes), ["CN=pump-7", "CN=Middle"]);
  const settings = { link: "framed", host: "a", port: 1, audience: "a", reportIntervalMs: 1 } as const;
  const page = factory.write({ ...settings, serverKeys: [new Uint8Array(32)], certificate: bytes });
  const lines = inspectInput(Buffer.from(page)).flat();
  assert.deepEqual(lines.find(([name]) => name === "certificate")?.[1], "CN=pump-7; CN=Middle");
});

test("names the fault of any other file", async () => {
  const foreign = await pem(rsa, "CN=pump-7", root, "CN=Root");
  const long = await Promise.all(Array.from({ length: 5 }, (_, at) => pem(root, `CN=${at}`, root, `CN=${at + 1}`)));
  const wrong: [text: string, why: RegExp][] = [
    ["", /there is no certificate/],
    [device.pem, /there is no certificate/],
    [LEAF.replace(/(?<=-\n)..../, "AAAA"), /certificate 1 cannot be read/],
    [foreign, /no key on P-256/],
    [`${MIDDLE}\n${LEAF}`, /certificate 2 did not issue certificate 1/],
    [`${LEAF}\n${OTHER}`, /certificate 2 did not issue certificate 1/],
    [long.join("\n"), /bytes in TLS; the device has room for 1536/],
  ];
  for (const [text, why] of wrong)
    assert.throws(
      () => list(text, "chain.pem"),
      (error: Error) => error instanceof Trouble && error.message.startsWith("chain.pem: ") && why.test(error.message),
      String(why),
    );
});

test("issued by OpenSSL with the commands of tools/tls/README.md", () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-certificate-"));
  try {
    const openssl = (line: string): void =>
      void execFileSync("openssl", line.split(" "), { cwd: folder, stdio: "pipe" });
    writeFileSync(join(folder, "device.der"), new X509Certificate(LEAF).raw);
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=Plant");
    openssl("x509 -in device.der -inform DER -pubkey -noout -out device.pub");
    openssl("x509 -new -force_pubkey device.pub -subj /CN=pump-7 -CA ca.pem -CAkey ca.key -days 3650 -out leaf.pem");
    const issued = readFileSync(join(folder, "leaf.pem"), "utf8");
    assert.deepEqual(subjects(list(issued, "leaf.pem")), ["CN=pump-7"]);
    const ca = new X509Certificate(readFileSync(join(folder, "ca.pem")));
    assert.ok(new X509Certificate(issued).verify(ca.publicKey));
    assert.ok(new X509Certificate(issued).publicKey.equals(new X509Certificate(LEAF).publicKey));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("gives a list or a reason for any text", () => {
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(LEAF.length), fc.string()).map(([at, put]) => LEAF.slice(0, at) + put + LEAF.slice(at)),
  );
  fc.assert(
    fc.property(text, (any) => {
      try {
        list(any, "chain.pem");
      } catch (error) {
        assert.ok(error instanceof Trouble, String(error));
      }
    }),
    { seed: 15, numRuns: 500 },
  );
});
