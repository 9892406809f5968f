/** orlp's Ed25519: ref10, portable. */
#include "ed25519.h"
#include "peer.h"
#include "sha512.h"

int32_t peer_run(uint32_t op, uint8_t *room) {
  const uint8_t *at = room;
  uint8_t out[64], private[64];
  switch (op) {
  case OP_SHA512: {
    const struct field data = next(&at);
    sha512(data.data, data.len, out);
    memcpy(room, out, 64);
    return 64;
  }
  case OP_KEYGEN: {
    const struct field seed = next(&at);
    ed25519_create_keypair(out, private, seed.data);
    memcpy(room, out, 32);
    return 32;
  }
  case OP_SIGN: {
    /* This library's private key is the seed's hash: computing it is part of signing from a seed. */
    const struct field seed = next(&at), key = next(&at);
    next(&at), next(&at);
    const struct field message = next(&at);
    sha512(seed.data, 32, private);
    private[0] &= 248;
    private[31] = (private[31] & 63) | 64;
    ed25519_sign(out, message.data, message.len, key.data, private);
    memcpy(room, out, 64);
    return 64;
  }
  case OP_VERIFY: {
    const struct field signature = next(&at), key = next(&at);
    next(&at);
    const struct field message = next(&at);
    return ed25519_verify(signature.data, message.data, message.len, key.data) ? GENUINE : FALSE;
  }
  }
  return NOT_HERE;
}
