/** The rows that an image has beside the smallest ones. A row that is not chosen costs nothing. */

/** Keys on P-384, RSA keys, and the schemes of certificates of public authorities: the choice `public`. */
// prettier-ignore
export const PUBLIC: bool = isDefined(TLS_PUBLIC);

/** The scheme ecdsa_secp256r1_sha256 and its keys: the choice `own`, for servers with ordinary certificates, and `public`. */
// prettier-ignore
export const P256: bool = isDefined(TLS_P256) || isDefined(TLS_PUBLIC);

/** Records longer than the buffer, with the Certificate of such a server: part of `public`. */
// prettier-ignore
export const WIDE: bool = isDefined(TLS_PUBLIC);

/** The suite TLS_AES_128_GCM_SHA256: the choice `cloud`. */
// prettier-ignore
export const AES128: bool = isDefined(TLS_AES128);

/** Key exchange on P-256, for servers that answer a share of X25519 by HelloRetryRequest: the choice `cloud`. */
// prettier-ignore
export const SECP256R1: bool = isDefined(TLS_SECP256R1);

/** The device's certificate on P-256, for servers that take no Ed25519: the choice `cloud`. */
// prettier-ignore
export const OWN256: bool = isDefined(TLS_OWN_P256);

/** A suite with another hash and a short limit on its records, under a number for private use (RFC 8446 §11): for tests. */
// prettier-ignore
export const LAB: bool = isDefined(TLS_LAB_SUITE);
