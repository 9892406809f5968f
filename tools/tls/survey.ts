/** The answer of a server to any client: version, suite, and the certificates that it sends, as this machine's OpenSSL sees them. Nothing is verified. */
import { createHash, type X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import tls from "node:tls";
import { Trouble } from "../trouble.ts";

/** A certificate of a chain. */
export interface Certificate {
  readonly subject: string;
  /** Kind of its key, such as `P-256` or `RSA-2048`. */
  readonly key: string;
  readonly bytes: number;
  /** The pin of its key: an Ed25519 key itself, of another key the SHA-256 of its SubjectPublicKeyInfo. */
  readonly pin: Buffer;
  readonly names: string;
  readonly validTo: string;
}

export interface Survey {
  readonly version: string;
  readonly suite: string;
  readonly chain: readonly Certificate[];
}

/** The limits of the hello of a survey. */
export type Limits = Pick<tls.ConnectionOptions, "ciphers" | "ecdhCurve" | "minVersion">;

const PATIENCE_MS = 20_000;

/** Node's names of curves, and those of the standards. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** The kind of a key. */
function kindOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === "ed25519") return "Ed25519";
  if (type === "ec") return CURVES[details?.namedCurve ?? ""] ?? String(details?.namedCurve);
  return type === "rsa" ? `RSA-${details?.modulusLength}` : String(type);
}

/** The pin of a certificate's key. */
export function pinOf({ publicKey }: X509Certificate): Buffer {
  const spki = publicKey.export({ format: "der", type: "spki" });
  return publicKey.asymmetricKeyType === "ed25519" ? spki.subarray(-32) : createHash("sha256").update(spki).digest();
}

function describe(certificate: X509Certificate): Certificate {
  return {
    subject: certificate.subject?.replaceAll("\n", ", ") || "no subject",
    key: kindOf(certificate),
    bytes: certificate.raw.length,
    pin: pinOf(certificate),
    names: certificate.subjectAltName ?? "",
    validTo: certificate.validTo,
  };
}

/** The certificates that a server sent, its own first. */
function chainOf(socket: tls.TLSSocket): Certificate[] {
  const chain: Certificate[] = [];
  let at = socket.getPeerX509Certificate();
  while (at && chain.length < 10) {
    chain.push(describe(at));
    at = at.issuerCertificate;
  }
  return chain;
}

/** Connect as any client would, within limits; returns what the server showed, or the error by which it refused. */
export function survey(host: string, port: number, limits: Limits = {}): Promise<Survey | Error> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) ? "" : host;
    // No authorities of this machine: a chain ends where the server ends it.
    const socket = tls.connect({ host, port, servername, rejectUnauthorized: false, ca: [], ...limits });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.syscall === "connect" || error.syscall === "getaddrinfo")
        reject(
          new Trouble(
            `${host}:${port} cannot be reached: ${error.code}`,
            "check the address, and check that the server runs",
          ),
        );
      else resolve(error);
    });
    socket.once("secureConnect", () => {
      resolve({ version: socket.getProtocol() ?? "", suite: socket.getCipher().standardName, chain: chainOf(socket) });
      socket.destroy();
    });
  });
}
