/**
 * A libFuzzer target that compares the firmware's cryptography with libsodium. The first byte chooses what is compared;
 * the rest is cut into keys, nonces and texts, which are zero where the input ends. A difference aborts.
 *
 * libsodium's prototypes are declared here, so that only its runtime library is needed.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "guest_exports.h"
#include "port.h"
#include "startup.h"

typedef unsigned long long sodium_len;
int sodium_init(void);
int crypto_hash_sha256(uint8_t *out, const uint8_t *in, sodium_len len);
int crypto_hash_sha512(uint8_t *out, const uint8_t *in, sodium_len len);
int crypto_auth_hmacsha256(uint8_t *out, const uint8_t *in, sodium_len len, const uint8_t *key);
int crypto_aead_chacha20poly1305_ietf_encrypt(uint8_t *out, sodium_len *out_len, const uint8_t *text, sodium_len len,
                                              const uint8_t *ad, sodium_len ad_len, const uint8_t *nsec,
                                              const uint8_t *nonce, const uint8_t *key);
int crypto_aead_chacha20poly1305_ietf_decrypt(uint8_t *out, sodium_len *out_len, uint8_t *nsec, const uint8_t *text,
                                              sodium_len len, const uint8_t *ad, sodium_len ad_len,
                                              const uint8_t *nonce, const uint8_t *key);
int crypto_sign_ed25519_seed_keypair(uint8_t *key, uint8_t *secret, const uint8_t *seed);
int crypto_sign_ed25519_detached(uint8_t *out, sodium_len *out_len, const uint8_t *text, sodium_len len,
                                 const uint8_t *secret);
int crypto_sign_ed25519_verify_detached(const uint8_t *signature, const uint8_t *text, sodium_len len,
                                        const uint8_t *key);
int crypto_scalarmult_curve25519(uint8_t *out, const uint8_t *scalar, const uint8_t *point);
int crypto_scalarmult_curve25519_base(uint8_t *out, const uint8_t *scalar);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Operations and verdicts, as in tests/lab/op.ts and assembly/lib/status.ts. */
enum { SHA256 = 0x10, SHA512, HMAC256, HMAC512, HKDF256, HKDF512, DRBG, SEAL, OPEN };
enum { PUBLIC_KEY = 0x20, SIGN, VERIFY, X_PUBLIC_KEY, X25519 };
enum { OK = 0x5a3c96c3, FORGED = -3 };

#define TEXT_MAX 2048u

struct bytes {
  const uint8_t *at;
  size_t len;
};

static struct bytes input;
static uint8_t *room;
static uint32_t filled;

/** The next `len` bytes of the input, zeros after its end. */
static void take(uint8_t *out, size_t len) {
  const size_t have = len < input.len ? len : input.len;
  memset(out, 0, len);
  if (have > 0)
    memcpy(out, input.at, have);
  input.at += have;
  input.len -= have;
}

/** Begin a request in a guest whose memory is as after a reset: an input must do the same alone as in a row. */
static void begin(void) {
  guest_start();
  room = guest_memory(guest_buffer(), guest_capacity());
  filled = 0;
}

static void field(const void *from, size_t len) {
  room[filled++] = (uint8_t)(len >> 8);
  room[filled++] = (uint8_t)len;
  if (len > 0)
    memcpy(room + filled, from, len);
  filled += (uint32_t)len;
}

/** Run the request and compare: `len` bytes of answer, or a verdict. */
static void expect(uint32_t op, const uint8_t *answer, int32_t len) {
  if ((int32_t)guest_run(op, filled) != len)
    abort();
  if (len > 0 && len != OK && memcmp(room, answer, (size_t)len) != 0)
    abort();
}

static void hashes(const uint8_t *text, size_t len) {
  uint8_t out[64];
  begin();
  field(text, len);
  crypto_hash_sha256(out, text, len);
  expect(SHA256, out, 32);
  begin();
  field(text, len);
  crypto_hash_sha512(out, text, len);
  expect(SHA512, out, 64);
}

static void macs(const uint8_t *text, size_t len) {
  uint8_t key[32], out[32];
  take(key, 32);
  begin();
  field(key, 32);
  field(text, len);
  crypto_auth_hmacsha256(out, text, len, key);
  expect(HMAC256, out, 32);
}

static void aead(const uint8_t *text, size_t len, int is_damaged) {
  static uint8_t sealed[TEXT_MAX + 16], opened[TEXT_MAX];
  uint8_t key[32], nonce[12], ad[16];
  sodium_len out_len;
  take(key, 32);
  take(nonce, 12);
  take(ad, 16);
  crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &out_len, text, len, ad, 16, 0, nonce, key);
  begin();
  field(key, 32), field(nonce, 12), field(ad, 16), field(text, len);
  expect(SEAL, sealed, (int32_t)len + 16);
  if (is_damaged)
    take(sealed + len, 16);
  const int verdict =
      crypto_aead_chacha20poly1305_ietf_decrypt(opened, &out_len, 0, sealed, len + 16, ad, 16, nonce, key);
  begin();
  field(key, 32), field(nonce, 12), field(ad, 16), field(sealed, len), field(sealed + len, 16);
  expect(OPEN, text, verdict == 0 ? (int32_t)len : FORGED);
}

static void signatures(const uint8_t *text, size_t len) {
  uint8_t seed[32], key[32], secret[64], signature[64];
  take(seed, 32);
  crypto_sign_ed25519_seed_keypair(key, secret, seed);
  begin();
  field(seed, 32);
  expect(PUBLIC_KEY, key, 32);
  crypto_sign_ed25519_detached(signature, 0, text, len, secret);
  begin();
  field(seed, 32), field(key, 32), field(0, 0), field(0, 0), field(text, len);
  expect(SIGN, signature, 64);
}

/** A verdict on anything: key and signature are the input's own. */
static void verdicts(const uint8_t *text, size_t len, int is_mixed) {
  uint8_t seed[32], key[32], secret[64], signature[64], change[96];
  take(seed, 32);
  take(change, 96);
  crypto_sign_ed25519_seed_keypair(key, secret, seed);
  crypto_sign_ed25519_detached(signature, 0, text, len, secret);
  for (int i = 0; i < 64; i++)
    signature[i] = is_mixed ? signature[i] ^ change[i] : change[i];
  for (int i = 0; i < 32; i++)
    key[i] = is_mixed ? key[i] ^ change[64 + i] : change[64 + i];
  begin();
  field(signature, 64), field(key, 32), field(0, 0), field(text, len);
  expect(VERIFY, 0, crypto_sign_ed25519_verify_detached(signature, text, len, key) == 0 ? OK : FORGED);
}

static void agreements(void) {
  uint8_t scalar[32], point[32], out[32];
  take(scalar, 32);
  take(point, 32);
  begin();
  field(scalar, 32);
  crypto_scalarmult_curve25519_base(out, scalar);
  expect(X_PUBLIC_KEY, out, 32);
  const int verdict = crypto_scalarmult_curve25519(out, scalar, point);
  begin();
  field(scalar, 32), field(point, 32);
  expect(X25519, out, verdict == 0 ? 32 : FORGED);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  return sodium_init() < 0 ? abort(), 1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static uint8_t text[TEXT_MAX];
  uint8_t choice, size[2];
  input = (struct bytes){data, len};
  take(&choice, 1);
  take(size, 2);
  const size_t text_len = (size[0] | (size_t)size[1] << 8) % (TEXT_MAX + 1);
  switch (choice % 7) {
  case 0:
    take(text, text_len), hashes(text, text_len);
    break;
  case 1:
    take(text, text_len), macs(text, text_len);
    break;
  case 2:
    take(text, text_len), aead(text, text_len, 0);
    break;
  case 3:
    take(text, text_len), aead(text, text_len, 1);
    break;
  case 4:
    take(text, text_len), signatures(text, text_len);
    break;
  case 5:
    take(text, text_len), verdicts(text, text_len, choice & 0x80);
    break;
  case 6:
    agreements();
    break;
  }
  return 0;
}
