/** The rows that an image has beside the smallest ones. A row that is not chosen costs nothing. */

/** The scheme ecdsa_secp256r1_sha256 and its keys: the choice `own`, for servers with ordinary certificates. */
// prettier-ignore
export const P256: bool = isDefined(TLS_P256);

/** A suite with another hash and a short limit on its records, under a number for private use (RFC 8446 §11): for tests. */
// prettier-ignore
export const LAB: bool = isDefined(TLS_LAB_SUITE);
