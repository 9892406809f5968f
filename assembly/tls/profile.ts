/** The rows that an image has beside the smallest ones. A row that is not chosen costs nothing. */

/** Keys on P-384, RSA keys, and the schemes of certificates of public authorities: the choice `public`. */
// prettier-ignore
export const PUBLIC: bool = isDefined(TLS_PUBLIC);

/** The scheme ecdsa_secp256r1_sha256 and its keys: the choice `own`, for servers with ordinary certificates, and `public`. */
// prettier-ignore
export const P256: bool = isDefined(TLS_P256) || isDefined(TLS_PUBLIC);

/** A suite with another hash and a short limit on its records, under a number for private use (RFC 8446 §11): for tests. */
// prettier-ignore
export const LAB: bool = isDefined(TLS_LAB_SUITE);
