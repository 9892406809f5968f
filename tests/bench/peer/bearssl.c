/** BearSSL: of its implementations, the constant-time one that suits the core. */
#include "bearssl.h"
#include "peer.h"

#if __ARM_ARCH_6M__
#define C25519   br_ec_c25519_m15
#define POLY1305 br_poly1305_ctmul32_run
#else
#define C25519   br_ec_c25519_m31
#define POLY1305 br_poly1305_ctmul_run
#endif

int32_t peer_run(uint32_t op, uint8_t *room) {
  const uint8_t *at = room;
  union {
    br_sha256_context sha256;
    br_sha512_context sha512;
  } hash;
  uint8_t out[64];
  switch (op) {
  case OP_SHA256: {
    const struct field data = next(&at);
    br_sha256_init(&hash.sha256);
    br_sha256_update(&hash.sha256, data.data, data.len);
    br_sha256_out(&hash.sha256, room);
    return 32;
  }
  case OP_SHA512: {
    const struct field data = next(&at);
    br_sha512_init(&hash.sha512);
    br_sha512_update(&hash.sha512, data.data, data.len);
    br_sha512_out(&hash.sha512, room);
    return 64;
  }
  case OP_SEAL: {
    const struct field key = next(&at), nonce = next(&at), ad = next(&at), text = next(&at);
    uint8_t *const to = room + (text.data - room);
    POLY1305(key.data, nonce.data, to, text.len, ad.data, ad.len, out, br_chacha20_ct_run, 1);
    memmove(room, to, text.len);
    memcpy(room + text.len, out, 16);
    return (int32_t)text.len + 16;
  }
  case OP_X25519: {
    const struct field scalar = next(&at), point = next(&at);
    uint8_t backwards[32];
    for (int i = 0; i < 32; i++)
      backwards[i] = scalar.data[31 - i];
    memcpy(out, point.data, 32);
    if (!C25519.mul(out, 32, backwards, 32, BR_EC_curve25519))
      return FALSE;
    memcpy(room, out, 32);
    return 32;
  }
  }
  return NOT_HERE;
}
