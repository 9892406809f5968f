// Longer than 400 lines: one program that one suite compiles.
/**
 * A libFuzzer target: the TLS client against a server that sends whatever the input says, under the right keys.
 *
 * `tests/fuzz/flights.ts` writes the scenarios: how the client is set up, this server's secrets, and the genuine
 * flight. An input is a scenario, how many of its records come as they are, who the server is, and pieces: each a
 * record's content. Every prefix of every genuine flight was played once; an input begins with a copy of the client as
 * it stood after it.
 *
 * A forger has no key: it agreed on the record keys by a share of its own, so it seals anything and makes a Finished
 * over anything, but has only the signatures, and under a PSK only the Finished, of the genuine flight. The client must
 * never be connected to it unless the handshake was the genuine one, byte for byte. The server itself has its key: it
 * may connect, with its messages in their order, and what the client reads must be what was sent.
 */
#include "guest.c"

#include <stdio.h>
#include <stdlib.h>

#include "guest_exports.h"

typedef unsigned long long sodium_len;
typedef struct {
  uint32_t state[8];
  uint64_t count;
  uint8_t buffer[64];
} sha256_state;
int sodium_init(void);
int crypto_hash_sha256(uint8_t *out, const uint8_t *in, sodium_len len);
int crypto_hash_sha256_init(sha256_state *state);
int crypto_hash_sha256_update(sha256_state *state, const uint8_t *in, sodium_len len);
int crypto_hash_sha256_final(sha256_state *state, uint8_t *out);
int crypto_auth_hmacsha256(uint8_t *out, const uint8_t *in, sodium_len len, const uint8_t *key);
int crypto_aead_chacha20poly1305_ietf_encrypt(uint8_t *out, sodium_len *out_len, const uint8_t *text, sodium_len len,
                                              const uint8_t *ad, sodium_len ad_len, const uint8_t *nsec,
                                              const uint8_t *nonce, const uint8_t *key);
int crypto_sign_ed25519_seed_keypair(uint8_t *key, uint8_t *secret, const uint8_t *seed);
int crypto_sign_ed25519_detached(uint8_t *out, sodium_len *out_len, const uint8_t *text, sodium_len len,
                                 const uint8_t *secret);
int crypto_scalarmult_curve25519(uint8_t *out, const uint8_t *scalar, const uint8_t *point);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed);

/* As in tests/tls/call.ts, assembly/lib/status.ts, and assembly/tls. */
enum { STEP = 4, FROM_PEER, TO_PEER, WRITE, READ, UPDATE, CLOSE, STATE };
enum { OK = 0x5a3c96c3 };
enum { WAIT_SH = 3, CONNECTED = 14, CLOSING, CLOSED, FAILED, STATES };
enum { HANDSHAKE = 22, DATA = 23 };
/** Types of pieces that are no records but acts of the client's application. */
enum { ACTS = 25, ACT_UPDATE = ACTS, ACT_CLOSE, ACT_WRITE, TYPES_END };
enum {
  CLIENT_HELLO = 1,
  SERVER_HELLO = 2,
  CERTIFICATE_VERIFY = 15,
  FINISHED = 20,
  KEY_UPDATE = 24,
  MESSAGE_HASH = 254
};

#define HASH_BYTES    32u
#define TAG_BYTES     16u
#define HEADER_BYTES  5u
#define CONTENT_BYTES 1200u
#define RECORD_BYTES  (HEADER_BYTES + CONTENT_BYTES + 1u + 1024u + TAG_BYTES)
#define STREAM_BYTES  8192u
#define RECORDS       24u
#define SCENARIOS     16u
#define PIECES        24u
/** More than any flight of PIECES records takes. */
#define STEPS_MOST 4000u

/** Flags of a piece of an input, about its record. */
enum {
  PLAIN = 1,  /* not protected, even after ServerHello */
  RAW = 2,    /* the content is a record as it is */
  SPOILT = 4, /* one bit of the record is flipped */
  MADE = 8,   /* a Finished, or the server's own CertificateVerify, is made over what was sent */
};

struct piece {
  uint8_t type, how;
  uint16_t len;
  const uint8_t *content;
};

/** The server, as far as it moves on. */
struct server {
  sha256_state transcript;
  uint8_t first_hello[HASH_BYTES], traffic[HASH_BYTES], key[32], iv[12];
  uint64_t sequence;
  /** 0: no keys; 1: the handshake's; 2: the application's. */
  uint32_t phase, is_retried;
  /** The handshake message that is being sent. */
  uint8_t message[CONTENT_BYTES];
  uint32_t have;
  /** Handshake bytes so far, and whether they are the genuine ones. */
  uint32_t sent, is_genuine;
  /** The kinds of the messages up to Finished, one digit of 32 each behind a one; all ones if they are too many. */
  uint64_t kinds;
  /** The furthest state of the living client, and if it was ever connected. */
  uint32_t furthest, was_connected;
};

struct scenario {
  uint8_t scalar[32], seed[32], psk[32];
  uint32_t has_psk;
  struct piece flight[RECORDS];
  uint32_t records, handshake_records;
  /** The genuine handshake bytes up to Finished. */
  uint8_t stream[STREAM_BYTES];
  uint32_t stream_len;
  /** The handshake secret, once the client's share is known, and the signing key. */
  uint8_t secret[HASH_BYTES], signing[64];
  /** Client and server after each prefix. */
  struct guest clients[RECORDS + 1];
  struct server servers[RECORDS + 1];
};

static struct scenario scenarios[SCENARIOS];
static uint32_t scenario_count;
static struct scenario *scenario;
static struct server server;
static uint32_t steps, is_own, is_planted;
/** Application data that was sent, and how much of it was read. */
static uint8_t data_sent[RECORDS * CONTENT_BYTES + PIECES * CONTENT_BYTES];
static uint32_t data_len, data_read;
/** Number of flights by their end, for a forger and for the server itself. */
static uint64_t ends[2][STATES];

static void require(int is_true, const char *what) {
  if (is_true)
    return;
  fprintf(stderr, "%s\n", what);
  abort();
}

/* The client. */

static uint8_t *answer;

static int32_t call(uint32_t what, uint32_t first, uint32_t second, const uint8_t *bytes, uint32_t len) {
  answer = guest_memory(guest_buffer(), guest_capacity());
  require(10 + len <= guest_capacity(), "a call is too long");
  memcpy(answer + 2, &first, 4);
  memcpy(answer + 6, &second, 4);
  if (len > 0)
    memcpy(answer + 10, bytes, len);
  return (int32_t)guest_bare_run(what, 10 + len);
}

static uint32_t state(void) { return (uint32_t)-call(STATE, 0, 0, 0, 0); }

/* The server's key schedule (RFC 8446, 7.1), with nothing of the client's. */

static void expand(uint8_t *out, uint32_t out_len, const uint8_t *secret, const char *label, const uint8_t *context,
                   uint32_t context_len) {
  uint8_t info[80] = {0, (uint8_t)out_len, (uint8_t)(6 + strlen(label))}, block[HASH_BYTES];
  uint32_t len = 3 + (uint32_t)sprintf((char *)info + 3, "tls13 %s", label);
  info[len++] = (uint8_t)context_len;
  if (context_len > 0)
    memcpy(info + len, context, context_len);
  len += context_len;
  info[len++] = 1;
  crypto_auth_hmacsha256(block, info, len, secret);
  memcpy(out, block, out_len);
}

static void digest(uint8_t *out) {
  sha256_state copy = server.transcript;
  crypto_hash_sha256_final(&copy, out);
}

static void arm(void) {
  expand(server.key, 32, server.traffic, "key", 0, 0);
  expand(server.iv, 12, server.traffic, "iv", 0, 0);
  server.sequence = 0;
}

static void derive_traffic(const uint8_t *secret, const char *label) {
  uint8_t hash[HASH_BYTES];
  digest(hash);
  expand(server.traffic, HASH_BYTES, secret, label, hash, HASH_BYTES);
  server.phase++;
  arm();
}

/** HKDF-Extract of `ikm` with what "derived" makes of `secret`. */
static void extract(uint8_t *out, const uint8_t *secret, const uint8_t *ikm) {
  uint8_t empty[HASH_BYTES], salt[HASH_BYTES];
  crypto_hash_sha256(empty, 0, 0);
  expand(salt, HASH_BYTES, secret, "derived", empty, HASH_BYTES);
  crypto_auth_hmacsha256(out, ikm, HASH_BYTES, salt);
}

/** The client's share, by its ClientHello. */
static const uint8_t *share_of(const uint8_t *hello, uint32_t len) {
  uint32_t at = 71 + 2 + (uint32_t)(hello[71] << 8 | hello[72]) + 4;
  while (at + 42 <= len && (hello[at] != 0 || hello[at + 1] != 51))
    at += 4 + (uint32_t)(hello[at + 2] << 8 | hello[at + 3]);
  require(at + 42 <= len, "the hello has no share");
  return hello + at + 10;
}

/** The handshake secret: the client's share is the same at each run. */
static void agree(const uint8_t *hello, uint32_t len) {
  static const uint8_t zeros[HASH_BYTES];
  uint8_t shared[32], early[HASH_BYTES];
  require(crypto_scalarmult_curve25519(shared, scenario->scalar, share_of(hello, len)) == 0, "no shared secret");
  crypto_auth_hmacsha256(early, scenario->psk, 32, zeros);
  extract(scenario->secret, early, shared);
}

/* The server's messages. */

static void absorb(const uint8_t *data, uint32_t len) { crypto_hash_sha256_update(&server.transcript, data, len); }

static int is_retry(const uint8_t *message) {
  static const uint8_t random[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11};
  return memcmp(message + 6, random, sizeof random) == 0;
}

/** A message of this server is complete: keys move on after it. */
static void message_sent(void) {
  static const uint8_t zeros[HASH_BYTES];
  const uint32_t kind = server.message[0];
  if (server.phase < 2)
    server.kinds = kind > 31 || server.kinds >> 59 ? ~0ull : server.kinds << 5 | kind;
  if (kind == SERVER_HELLO && server.phase == 0 && is_retry(server.message)) {
    const uint8_t head[] = {MESSAGE_HASH, 0, 0, HASH_BYTES};
    crypto_hash_sha256_init(&server.transcript);
    absorb(head, sizeof head);
    absorb(server.first_hello, HASH_BYTES);
    absorb(server.message, server.have);
    server.is_retried = 1;
    return;
  }
  absorb(server.message, server.have);
  if (kind == SERVER_HELLO && server.phase == 0) {
    derive_traffic(scenario->secret, "s hs traffic");
  } else if (kind == FINISHED && server.phase == 1) {
    uint8_t secret[HASH_BYTES];
    extract(secret, scenario->secret, zeros);
    derive_traffic(secret, "s ap traffic");
  } else if (kind == KEY_UPDATE && server.phase == 2) {
    expand(server.traffic, HASH_BYTES, server.traffic, "traffic upd", 0, 0);
    arm();
  }
}

/** Handshake bytes were sent: find the messages in them. One that is longer than the client could take is cut. */
static void stream(const uint8_t *data, uint32_t len) {
  if (server.phase < 2 && server.is_genuine) {
    const uint32_t left = scenario->stream_len - server.sent;
    server.is_genuine = len <= left && memcmp(scenario->stream + server.sent, data, len) == 0;
    server.sent += len;
  }
  for (uint32_t i = 0; i < len; i++) {
    server.message[server.have++] = data[i];
    if (server.have < 4)
      continue;
    const uint32_t whole = 4 + (uint32_t)(server.message[1] << 16 | server.message[2] << 8 | server.message[3]);
    if (server.have == whole || server.have == sizeof server.message) {
      message_sent();
      server.have = 0;
    }
  }
}

/** Fill in what only a computation over the transcript can be right. */
static void make(uint8_t *content, uint32_t len) {
  uint8_t hash[HASH_BYTES], key[HASH_BYTES];
  digest(hash);
  if (content[0] == FINISHED && len >= 4 + HASH_BYTES && (is_own || !scenario->has_psk)) {
    expand(key, HASH_BYTES, server.traffic, "finished", 0, 0);
    crypto_auth_hmacsha256(content + 4, hash, HASH_BYTES, key);
  } else if (content[0] == CERTIFICATE_VERIFY && len >= 8 + 64 && is_own) {
    uint8_t text[64 + 34 + HASH_BYTES];
    memset(text, 0x20, 64);
    memcpy(text + 64, "TLS 1.3, server CertificateVerify", 34);
    memcpy(text + 98, hash, HASH_BYTES);
    crypto_sign_ed25519_detached(content + 8, 0, text, sizeof text, scenario->signing);
  }
}

/** Make a record; returns its length. */
static uint32_t seal(uint8_t *record, uint32_t type, const uint8_t *content, uint32_t len, uint32_t padding) {
  static uint8_t inner[RECORD_BYTES];
  uint8_t nonce[12];
  memcpy(inner, content, len);
  inner[len] = (uint8_t)type;
  memset(inner + len + 1, 0, padding);
  const uint32_t fragment = len + 1 + padding + TAG_BYTES;
  const uint8_t header[HEADER_BYTES] = {DATA, 3, 3, (uint8_t)(fragment >> 8), (uint8_t)fragment};
  memcpy(record, header, HEADER_BYTES);
  memcpy(nonce, server.iv, 12);
  for (int i = 0; i < 8; i++)
    nonce[11 - i] ^= (uint8_t)(server.sequence >> (8 * i));
  server.sequence++;
  crypto_aead_chacha20poly1305_ietf_encrypt(record + HEADER_BYTES, 0, inner, len + 1 + padding, header, HEADER_BYTES, 0,
                                            nonce, server.key);
  return HEADER_BYTES + fragment;
}

/* Both together. */

/** Take what the client has to say; before there are keys it may be a hello. */
static void hear(void) {
  static uint8_t hello[2048];
  uint32_t have = 0;
  for (;;) {
    const int32_t len = call(TO_PEER, 1024, 0, 0, 0);
    if (len <= 0)
      break;
    if (server.phase > 0)
      continue;
    require(have + (uint32_t)len <= sizeof hello, "the client says too much");
    memcpy(hello + have, answer, (uint32_t)len);
    have += (uint32_t)len;
  }
  for (uint32_t at = 0; at + HEADER_BYTES < have; at += HEADER_BYTES + (uint32_t)(hello[at + 3] << 8 | hello[at + 4])) {
    const uint8_t *const content = hello + at + HEADER_BYTES;
    const uint32_t len = (uint32_t)(hello[at + 3] << 8 | hello[at + 4]);
    if (hello[at] != HANDSHAKE || content[0] != CLIENT_HELLO)
      continue;
    absorb(content, len);
    if (!server.is_retried) {
      crypto_hash_sha256(server.first_hello, content, len);
      agree(content, len);
    }
  }
}

/** The messages' kinds of a handshake that may end well, as `kinds` has them. */
static int is_in_order(uint64_t kinds) {
  static const char *const orders[] = {"\x08\x0b\x0f\x14", "\x08\x0d\x0b\x0f\x14", "\x08\x14"};
  for (uint32_t i = 0; i < 6; i++) {
    uint64_t order = i < 3 ? 1 << 5 | SERVER_HELLO : 1 << 10 | SERVER_HELLO << 5 | SERVER_HELLO;
    for (const char *kind = orders[i % 3]; *kind; kind++)
      order = order << 5 | (uint64_t)*kind;
    if (order == kinds)
      return 1;
  }
  return 0;
}

/** Look at where the client stands; what must never be, aborts. */
static void judge(void) {
  const uint32_t now = state();
  require(now < STATES, "no such state");
  if (now < CLOSED)
    server.furthest = now;
  if (now != CONNECTED)
    return;
  server.was_connected = 1;
  require(server.phase == 2, "connected before Finished");
  if (!is_own || is_planted)
    require(server.is_genuine && server.sent == scenario->stream_len, "connected to a forger");
  require(is_in_order(server.kinds), "connected by messages out of their order");
}

/** Let the client work until it waits, and read what it gives. */
static void work(void) {
  for (;;) {
    for (int32_t status = OK; status == OK; judge()) {
      status = call(STEP, 0, 0, 0, 0);
      require(++steps < STEPS_MOST, "the client does not come to rest");
    }
    const int32_t len = call(READ, 1000, 0, 0, 0);
    if (len <= 0)
      return;
    require(server.was_connected, "data before the connection");
    require(data_len - data_read >= (uint32_t)len && memcmp(data_sent + data_read, answer, (uint32_t)len) == 0,
            "data that was not sent");
    data_read += (uint32_t)len;
  }
}

static void feed(const uint8_t *bytes, uint32_t len, uint32_t most) {
  while (len > 0) {
    const uint32_t part = len < most ? len : most;
    const uint32_t taken = (uint32_t)-call(FROM_PEER, part, 0, bytes, part);
    require(taken <= part, "more was taken than given");
    bytes += taken;
    len -= taken;
    work();
    hear();
    if (taken == 0)
      require(++steps < STEPS_MOST, "the client takes no more");
  }
}

/** Do what an application may do at any time; nothing is taken of it without a connection. */
static void act(uint32_t what, const uint8_t *content, uint32_t len) {
  const int is_connected = state() == CONNECTED;
  if (what == ACT_UPDATE)
    require(call(UPDATE, 0, 0, 0, 0) != OK || is_connected, "keys are updated without a connection");
  else if (what == ACT_WRITE)
    require(call(WRITE, len, 0, content, len) == 0 || is_connected, "data is taken without a connection");
  else
    call(CLOSE, 0, 0, 0, 0);
  work();
  hear();
}

/** Send a piece as one record. */
static void send_piece(const struct piece *piece) {
  static const uint16_t paddings[] = {0, 1, 37, 1000}, parts[] = {1024, 1, 7, 300};
  static uint8_t content[CONTENT_BYTES], record[RECORD_BYTES];
  uint32_t len = piece->len < CONTENT_BYTES ? piece->len : CONTENT_BYTES, record_len = len;
  if (len > 0)
    memcpy(content, piece->content, len);
  if (piece->type >= ACTS) {
    act(piece->type, content, len < 1024 ? len : 1024);
    return;
  }
  if (piece->how & MADE && piece->type == HANDSHAKE && len > 0)
    make(content, len);
  const int is_sealed = server.phase > 0 && !(piece->how & PLAIN);
  if (piece->how & RAW) {
    memcpy(record, content, len);
  } else if (is_sealed) {
    record_len = seal(record, piece->type, content, len, paddings[piece->how >> 4 & 3]);
  } else {
    const uint8_t header[HEADER_BYTES] = {piece->type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(record, header, HEADER_BYTES);
    memcpy(record + HEADER_BYTES, content, len);
    record_len += HEADER_BYTES;
  }
  if (piece->how & SPOILT && len > 1)
    record[(content[0] << 8 | content[1]) % record_len] ^= (uint8_t)(1 << (len & 7));
  if (!(piece->how & RAW) && piece->type == DATA && is_sealed && server.phase == 2 &&
      data_len + len <= sizeof data_sent) {
    memcpy(data_sent + data_len, content, len);
    data_len += len;
  }
  if (!(piece->how & RAW) && piece->type == HANDSHAKE)
    stream(content, len);
  feed(record, record_len, parts[piece->how >> 6]);
}

/* The scenarios. */

static const uint8_t *file_at;

static uint32_t number(uint32_t bytes) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < bytes; i++)
    value |= (uint32_t)*file_at++ << (8 * i);
  return value;
}

static void take(uint8_t *out, uint32_t len) {
  memcpy(out, file_at, len);
  file_at += len;
}

/** Set the client up as the scenario says, a conversation before this one included, up to its hello. */
static void set_up(void) {
  guest_start();
  for (uint32_t calls = number(2); calls > 0; calls--) {
    const uint32_t what = number(1), first = number(4), second = number(4), len = number(2);
    call(what, first, second, file_at, len);
    file_at += len;
  }
  memset(&server, 0, sizeof server);
  server.is_genuine = 1;
  server.kinds = 1;
  crypto_hash_sha256_init(&server.transcript);
  work();
  hear();
  require(state() == WAIT_SH, "the scenario's client does not begin");
}

/** Play the genuine flight, and keep how both stand after each record. */
static void play(void) {
  is_own = 0, data_len = data_read = 0;
  for (uint32_t i = 0; i <= scenario->records; i++) {
    scenario->clients[i] = guest;
    scenario->servers[i] = server;
    if (i == scenario->records)
      break;
    steps = 0;
    send_piece(&scenario->flight[i]);
    require(state() != FAILED, "the genuine flight fails");
  }
  require(server.was_connected, "the genuine flight does not connect");
}

static void load_scenario(void) {
  uint8_t key[32];
  take(scenario->scalar, 32);
  take(scenario->seed, 32);
  take(scenario->psk, 32);
  scenario->has_psk = number(1);
  crypto_sign_ed25519_seed_keypair(key, scenario->signing, scenario->seed);
  scenario->records = number(1);
  require(scenario->records <= RECORDS, "too many records");
  int is_over = 0;
  for (uint32_t i = 0; i < scenario->records; i++) {
    struct piece *const piece = &scenario->flight[i];
    piece->type = (uint8_t)number(1);
    piece->how = 0;
    piece->len = (uint16_t)number(2);
    piece->content = file_at;
    file_at += piece->len;
    if (piece->type != HANDSHAKE || is_over)
      continue;
    memcpy(scenario->stream + scenario->stream_len, piece->content, piece->len);
    scenario->stream_len += piece->len;
    is_over = piece->content[0] == FINISHED;
    scenario->handshake_records = i + 1;
  }
  set_up();
  play();
}

/** Say how many flights came how far. */
static void say(void) {
  static const char *const names[] = {"forger", "server itself"};
  for (uint32_t own = 0; own < 2; own++) {
    fprintf(stderr, "flights of the %s, by the state they ended in or failed from:", names[own]);
    for (uint32_t i = 0; i < STATES; i++)
      fprintf(stderr, " %llu", (unsigned long long)ends[own][i]);
    fprintf(stderr, "\n");
  }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  const char *const path = getenv("SIGNET_FLIGHTS");
  require(path != NULL && sodium_init() >= 0, "SIGNET_FLIGHTS is not set");
  FILE *const file = fopen(path, "rb");
  require(file != NULL, "SIGNET_FLIGHTS cannot be read");
  static uint8_t text[1 << 20];
  require(fread(text, 1, sizeof text, file) < sizeof text, "SIGNET_FLIGHTS is too long");
  fclose(file);
  file_at = text;
  scenario_count = number(1);
  require(scenario_count > 0 && scenario_count <= SCENARIOS, "no scenarios");
  for (uint32_t i = 0; i < scenario_count; i++) {
    scenario = &scenarios[i];
    load_scenario();
  }
  is_planted = getenv("SIGNET_PLANTED") != NULL;
  atexit(say);
  return 0;
}

/* Inputs: scenario, records that come as they are, who the server is; then pieces. */

#define HEAD_BYTES  3u
#define PIECE_BYTES 4u

/** Read an input's pieces; returns how many. */
static uint32_t parse(struct piece *pieces, const uint8_t *data, size_t len) {
  uint32_t count = 0;
  for (size_t at = HEAD_BYTES; count < PIECES && at + PIECE_BYTES <= len; count++) {
    const size_t left = len - at - PIECE_BYTES, said = data[at + 2] | (size_t)data[at + 3] << 8;
    pieces[count] =
        (struct piece){data[at], data[at + 1], (uint16_t)(said < left ? said : left), data + at + PIECE_BYTES};
    at += PIECE_BYTES + pieces[count].len;
  }
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  struct piece pieces[PIECES];
  if (len < HEAD_BYTES)
    return -1;
  scenario = &scenarios[data[0] % scenario_count];
  is_own = is_planted || data[2] & 1;
  // A forger's flight begins within the handshake.
  const uint32_t begin = data[1] % (is_own ? scenario->records + 1 : scenario->handshake_records);
  guest = scenario->clients[begin];
  server = scenario->servers[begin];
  steps = data_len = data_read = 0;
  const uint32_t count = parse(pieces, data, len);
  for (uint32_t i = 0; i < count && state() < CLOSED; i++)
    send_piece(&pieces[i]);
  act(ACT_WRITE, data, 1);
  ends[is_own][server.furthest]++;
  return 0;
}

/* Mutation: of one piece's content, with the lengths around the place mended, or of the order of pieces. */

static uint32_t dice_state;

static uint32_t roll(uint32_t below) {
  dice_state ^= dice_state << 13;
  dice_state ^= dice_state >> 17;
  dice_state ^= dice_state << 5;
  return dice_state % below;
}

/** Insert or remove `change` bytes at `at`; most of the lengths that reach over it follow. Returns the new length. */
static uint32_t resize(uint8_t *content, uint32_t len, uint32_t at, int32_t change) {
  for (uint32_t width = 1; width <= 2; width++) {
    for (uint32_t i = 0; i + width <= at; i++) {
      const uint32_t value = width == 1 ? content[i] : (uint32_t)(content[i] << 8 | content[i + 1]);
      const uint32_t begin = i + width, end = begin + value;
      // Of all numbers that could be a length, most that are one end where another one does, or where all ends.
      if (end <= at || end > len || (end != len && roll(4) > 0) || roll(8) == 0)
        continue;
      const uint32_t mended = value + (uint32_t)change;
      content[i] = (uint8_t)(width == 1 ? mended : mended >> 8);
      if (width == 2)
        content[i + 1] = (uint8_t)mended;
    }
  }
  if (change < 0) {
    memmove(content + at, content + at - change, len - at + (uint32_t)change);
  } else {
    memmove(content + at + change, content + at, len - at);
    for (int32_t i = 0; i < change; i++)
      content[at + (uint32_t)i] = (uint8_t)roll(256);
  }
  return len + (uint32_t)change;
}

/** Change a content of `len` bytes; returns its new length. */
static uint32_t mutate_content(uint8_t *content, uint32_t len) {
  if (roll(3) == 0 && len > 0) {
    const uint32_t at = roll(len), few = 1 + roll(roll(4) ? 4 : 64);
    if (roll(2))
      return len + few <= CONTENT_BYTES ? resize(content, len, at, (int32_t)few) : len;
    return at + few <= len ? resize(content, len, at, -(int32_t)few) : len;
  }
  len = (uint32_t)LLVMFuzzerMutate(content, len, CONTENT_BYTES);
  if (len >= 4 && roll(4) > 0) {
    content[1] = 0;
    content[2] = (uint8_t)((len - 4) >> 8);
    content[3] = (uint8_t)(len - 4);
  }
  return len;
}

/** A record of any genuine flight. */
static struct piece genuine(void) {
  const struct scenario *const from = &scenarios[roll(scenario_count)];
  struct piece piece = from->flight[roll(from->records)];
  piece.how = roll(2) ? MADE : 0;
  return piece;
}

/** Change what pieces there are, and how they go; returns how many there are. */
static uint32_t mutate_pieces(struct piece *pieces, uint32_t count) {
  const uint32_t at = roll(count), other = roll(count);
  const struct piece piece = pieces[at];
  switch (roll(6)) {
  case 0: // Two in place of one: the same again, or its parts.
    if (count == PIECES)
      break;
    memmove(pieces + at + 1, pieces + at, (count - at) * sizeof *pieces);
    if (piece.len > 0 && roll(2)) {
      const uint16_t part = (uint16_t)roll(piece.len);
      pieces[at].len = part;
      pieces[at + 1].content += part;
      pieces[at + 1].len -= part;
    }
    return count + 1;
  case 1:
    memmove(pieces + at, pieces + at + 1, (count - at - 1) * sizeof *pieces);
    return count - 1;
  case 2:
    pieces[at] = pieces[other];
    pieces[other] = piece;
    break;
  case 3:
    pieces[at] = genuine();
    break;
  case 4:
    pieces[at].how ^= (uint8_t)(1 << roll(8));
    break;
  default:
    pieces[at].type = (uint8_t)(20 + roll(TYPES_END - 20));
  }
  return count;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed) {
  static uint8_t out[HEAD_BYTES + PIECES * (PIECE_BYTES + CONTENT_BYTES)], content[CONTENT_BYTES];
  struct piece pieces[PIECES + 1];
  dice_state = seed * 2654435761u | 1;
  uint8_t head[HEAD_BYTES] = {0, 0, 0};
  memcpy(head, data, len < HEAD_BYTES ? len : HEAD_BYTES);
  uint32_t count = parse(pieces, data, len);
  if (count == 0 || roll(32) == 0) {
    // Begin anew: a whole genuine flight from somewhere on, to be changed.
    const struct scenario *const from = &scenarios[roll(scenario_count)];
    const uint32_t begin = roll(from->records);
    head[0] = (uint8_t)(from - scenarios);
    head[1] = (uint8_t)begin;
    head[2] = (uint8_t)(roll(4) == 0);
    count = from->records - begin;
    memcpy(pieces, from->flight + begin, count * sizeof *pieces);
    for (uint32_t i = 0; i < count; i++)
      pieces[i].how = MADE;
  }
  if (roll(4) == 0 && count > 0)
    count = mutate_pieces(pieces, count);
  if (roll(32) == 0)
    head[roll(HEAD_BYTES)] ^= (uint8_t)(1 << roll(3));
  if (count > 0 && roll(8) > 0) {
    struct piece *const piece = &pieces[roll(count)];
    const uint32_t old = piece->len < CONTENT_BYTES ? piece->len : CONTENT_BYTES;
    memcpy(content, piece->content, old);
    piece->len = (uint16_t)mutate_content(content, old);
    piece->content = content;
  }
  memcpy(out, head, HEAD_BYTES);
  size_t at = HEAD_BYTES;
  for (uint32_t i = 0; i < count; i++) {
    const struct piece *const piece = &pieces[i];
    if (piece->len > CONTENT_BYTES || at + PIECE_BYTES + piece->len > max)
      break;
    const uint8_t header[PIECE_BYTES] = {piece->type, piece->how, (uint8_t)piece->len, (uint8_t)(piece->len >> 8)};
    memcpy(out + at, header, PIECE_BYTES);
    memcpy(out + at + PIECE_BYTES, piece->content, piece->len);
    at += PIECE_BYTES + piece->len;
  }
  memcpy(data, out, at);
  return at;
}
