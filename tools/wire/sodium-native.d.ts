/** The functions of libsodium that `tools/` calls. Outputs come first. */
declare module "sodium-native" {
  const sodium: {
    /** Key pair of a seed (RFC 8032, section 5.1.5). `secret` is the seed and the public key. */
    crypto_sign_seed_keypair(publicKey: Uint8Array, secret: Uint8Array, seed: Uint8Array): void;
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secret: Uint8Array): void;
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
    crypto_hash_sha256(hash: Uint8Array, message: Uint8Array): void;
    /** BLAKE2b (RFC 7693) with a key. */
    crypto_generichash(hash: Uint8Array, message: Uint8Array, key: Uint8Array): void;
  };
  export default sodium;
}
