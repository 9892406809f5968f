/** libsodium's portable implementations. */
#include "crypto_aead_chacha20poly1305.h"
#include "crypto_hash_sha256.h"
#include "crypto_hash_sha512.h"
#include "crypto_scalarmult_curve25519.h"
#include "crypto_sign_ed25519.h"
#include "peer.h"

int32_t peer_run(uint32_t op, uint8_t *room) {
  const uint8_t *at = room;
  uint8_t out[64], secret[64];
  switch (op) {
  case OP_SHA256: {
    const struct field data = next(&at);
    crypto_hash_sha256(out, data.data, data.len);
    memcpy(room, out, 32);
    return 32;
  }
  case OP_SHA512: {
    const struct field data = next(&at);
    crypto_hash_sha512(out, data.data, data.len);
    memcpy(room, out, 64);
    return 64;
  }
  case OP_SEAL: {
    const struct field key = next(&at), nonce = next(&at), ad = next(&at), text = next(&at);
    uint8_t *const to = room + (text.data - room);
    crypto_aead_chacha20poly1305_ietf_encrypt_detached(to, out, 0, text.data, text.len, ad.data, ad.len, 0, nonce.data,
                                                       key.data);
    memmove(room, to, text.len);
    memcpy(room + text.len, out, 16);
    return (int32_t)text.len + 16;
  }
  case OP_KEYGEN: {
    const struct field seed = next(&at);
    crypto_sign_ed25519_seed_keypair(out, secret, seed.data);
    memcpy(room, out, 32);
    return 32;
  }
  case OP_SIGN: {
    const struct field seed = next(&at), key = next(&at);
    next(&at), next(&at);
    const struct field message = next(&at);
    memcpy(secret, seed.data, 32);
    memcpy(secret + 32, key.data, 32);
    crypto_sign_ed25519_detached(out, 0, message.data, message.len, secret);
    memcpy(room, out, 64);
    return 64;
  }
  case OP_VERIFY: {
    const struct field signature = next(&at), key = next(&at);
    next(&at);
    const struct field message = next(&at);
    return crypto_sign_ed25519_verify_detached(signature.data, message.data, message.len, key.data) ? FALSE : GENUINE;
  }
  case OP_X25519: {
    const struct field scalar = next(&at), point = next(&at);
    if (crypto_scalarmult_curve25519(out, scalar.data, point.data) != 0)
      return FALSE;
    memcpy(room, out, 32);
    return 32;
  }
  }
  return NOT_HERE;
}
