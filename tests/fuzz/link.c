// Longer than 400 lines: one program that one suite compiles.
/**
 * A libFuzzer target: the drivers for AT modules against a module that does what the input says.
 *
 * An input names a family, then acts: of the module, of its network, of the application, of time. The module speaks as
 * the manual of its family has it. The input has it answer late, with errors, busy or not at all, lose notices, fail to
 * send, restart, or say lines that mean nothing. While the link is Open, no byte may be lost, doubled or out of order,
 * and a link that stays Open delivers all it took.
 *
 * A hostile input also puts words and bytes between those of the module. Nothing holds then but this: no trap, no more
 * bytes than there is room for. After each input, a module that was switched off and on, and behaves, must be found,
 * and must carry bytes both ways.
 */
#include "guest.c"

#include <stdio.h>
#include <stdlib.h>

#include "guest_exports.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* As in assembly/link/stream.ts. */
enum { DOWN, READY, OPENING, OPEN, PEER_CLOSED, FAILED };

#define OUT_BYTES   8192u
#define DATA_BYTES  2048u
#define LINE_BYTES  256u
#define TURN_BYTES  256u
#define WINDOW      4096u
#define FOUND_MS    600000u
#define DELIVER_MS  120000u
#define CARRY_MS    120000u
#define CARRY_BYTES 200u
/** As in fuzz.test.ts: AT_REFUSALS, and one more. */
#define ATTEMPTS 5u
#define QUERIES  4u

/** The words of a family. In a format the numbers are that of bytes, then that of bytes that are left. */
struct family {
  const char *name, *boot;
  uint32_t number;
  /** Commands, by their beginning; the length follows that of `send` and `read`. */
  const char *open, *dial, *send, *read, *close, *reset;
  const char *made, *opened, *refused, *prompt, *sent, *unsent, *block, *block_end, *empty, *hung_up, *arrived, *ended;
  const char *queries[QUERIES][2];
  /** The end of a connection is told when all is read; a busy module says so. */
  uint32_t ends_late, says_busy;
};

#define LINE(text)   "\r\n" text "\r\n"
#define ANSWER(text) text "\r\n" LINE("OK")
#define OK           LINE("OK")
#define ERROR        LINE("ERROR")

static const struct family families[] = {
    {.name = "esp-at",
     .number = 1,
     .boot = LINE("ready"),
     .open = "AT+CIPSTART=",
     .send = "AT+CIPSEND=",
     .read = "AT+CIPRECVDATA=",
     .close = "AT+CIPCLOSE",
     .reset = "AT+RST",
     .opened = "CONNECT\r\n" OK,
     .refused = ERROR "CLOSED\r\n",
     .prompt = OK "\r\n>",
     .sent = LINE("Recv %u bytes") LINE("SEND OK"),
     .unsent = LINE("Recv %u bytes") LINE("SEND FAIL"),
     .block = "+CIPRECVDATA:%u,",
     .block_end = "\r\n" OK,
     .empty = ERROR,
     .hung_up = "CLOSED\r\n" OK,
     .arrived = LINE("+IPD,%u"),
     .ended = "CLOSED\r\n",
     .ends_late = 1,
     .says_busy = 1},
    {.name = "quectel",
     .number = 2,
     .boot = LINE("RDY"),
     .open = "AT+QIOPEN=",
     .send = "AT+QISEND=0,",
     .read = "AT+QIRD=0,",
     .close = "AT+QICLOSE=0",
     .reset = "AT+CFUN=1,1",
     .opened = OK LINE("+QIOPEN: 0,0"),
     .refused = OK LINE("+QIOPEN: 0,566"),
     .prompt = "\r\n> ",
     .sent = LINE("SEND OK"),
     .unsent = LINE("SEND FAIL"),
     .block = "+QIRD: %u\r\n",
     .block_end = "\r\n" OK,
     .empty = "+QIRD: 0\r\n" OK,
     .hung_up = OK,
     .arrived = LINE("+QIURC: \"recv\",0"),
     .ended = LINE("+QIURC: \"closed\",0"),
     .queries = {{"AT+CPIN?", ANSWER("+CPIN: READY")},
                 {"AT+CGATT?", ANSWER("+CGATT: 1")},
                 {"AT+QIACT?", ANSWER("+QIACT: 1,1,1,\"10.0.0.2\"")}}},
    {.name = "simcom",
     .number = 3,
     .boot = LINE("RDY"),
     .open = "AT+CIPOPEN=0,",
     .send = "AT+CIPSEND=0,",
     .read = "AT+CIPRXGET=2,0,",
     .close = "AT+CIPCLOSE=0",
     .reset = "AT+CRESET",
     .opened = OK LINE("+CIPOPEN: 0,0"),
     .refused = OK LINE("+CIPOPEN: 0,10"),
     .prompt = "\r\n>",
     .sent = OK LINE("+CIPSEND: 0,%u,%1$u"),
     .unsent = OK LINE("+CIPSEND: 0,%u,-1"),
     .block = "\r\n+CIPRXGET: 2,0,%u,%u\r\n",
     .block_end = "\r\n" OK,
     .empty = LINE("+IP ERROR: No data") ERROR,
     .hung_up = OK LINE("+CIPCLOSE: 0,0"),
     .arrived = LINE("+CIPRXGET: 1,0"),
     .ended = LINE("+IPCLOSE: 0,1"),
     .queries = {{"AT+CPIN?", ANSWER("+CPIN: READY")},
                 {"AT+CGATT?", ANSWER("+CGATT: 1")},
                 {"AT+NETOPEN?", ANSWER("+NETOPEN: 1")}}},
    {.name = "nrf91",
     .number = 4,
     .boot = "Ready\r\n",
     .open = "AT#XSOCKET=",
     .dial = "AT#XCONNECT=0,",
     .send = "AT#XSEND=0,2,0,",
     .read = "AT#XRECV=0,0,64,0,",
     .close = "AT#XCLOSE",
     .reset = "AT#XRESET",
     .made = LINE("#XSOCKET: 0,1,6") OK,
     .opened = LINE("#XCONNECT: 0,1") OK,
     .refused = LINE("#XCONNECT: 0,0") ERROR,
     .prompt = OK,
     .sent = LINE("#XDATAMODE: 0"),
     .unsent = LINE("#XDATAMODE: -128"),
     .block = "\r\n#XRECV: 0,0,%u\r\n",
     .block_end = "\r\n" OK,
     .empty = ERROR,
     .hung_up = LINE("#XCLOSE: 0,0") OK,
     .arrived = LINE("#XAPOLL: 0,1"),
     .ended = LINE("#XAPOLL: 0,16"),
     .queries = {{"AT+CPIN?", ANSWER("+CPIN: READY")}, {"AT+CEREG?", ANSWER("+CEREG: 0,1")}}},
    {.name = "sim7080",
     .number = 5,
     .boot = LINE("RDY"),
     .open = "AT+CAOPEN=0,0,",
     .send = "AT+CASEND=0,",
     .read = "AT+CARECV=0,",
     .close = "AT+CACLOSE=0",
     .reset = "AT+CFUN=1,1",
     .opened = LINE("+CAOPEN: 0,0") OK,
     .refused = LINE("+CAOPEN: 0,27") OK,
     .prompt = "\r\n>",
     .sent = OK LINE("+CASEND: 0,0,%u"),
     .unsent = ERROR,
     .block = "+CARECV: %u,",
     .block_end = "\r\n" OK,
     .empty = "+CARECV: 0\r\n" OK,
     .hung_up = OK,
     .arrived = LINE("+CADATAIND: 0"),
     .ended = LINE("+CASTATE: 0,0"),
     .queries = {{"AT+CPIN?", ANSWER("+CPIN: READY")},
                 {"AT+CGATT?", ANSWER("+CGATT: 1")},
                 {"AT+CNACT?", ANSWER("+CNACT: 0,1,\"10.0.0.2\"")}}},
    {.name = "ublox",
     .number = 6,
     .boot = "",
     .open = "AT+USOCR=6",
     .dial = "AT+USOCO=0,",
     .send = "AT+USOWR=0,",
     .read = "AT+USORD=0,",
     .close = "AT+USOCL=0",
     .reset = "AT+CFUN=15",
     .made = LINE("+USOCR: 0") OK,
     .opened = OK,
     .refused = ERROR,
     .prompt = "\r\n@",
     .sent = LINE("+USOWR: 0,%u") OK,
     .unsent = ERROR,
     .block = "\r\n+USORD: 0,%u,\"",
     .block_end = "\"\r\n" OK,
     .empty = LINE("+USORD: 0,\"\"") OK,
     .hung_up = OK,
     .arrived = LINE("+UUSORD: 0,%u"),
     .ended = LINE("+UUSOCL: 0"),
     .queries = {{"AT+CPIN?", ANSWER("+CPIN: READY")},
                 {"AT+CGATT?", ANSWER("+CGATT: 1")},
                 {"AT+UPSND=0,8", ANSWER("+UPSND: 0,8,1")}}},
};
enum { FAMILIES = sizeof families / sizeof *families };

/** Faults of the next command, or of the next data. */
enum trick { NONE, SAY_ERROR, SAY_BUSY, STAY_MUTE, LOSE_ANSWER, FAIL_SEND, RESTART, TRICKS };

struct module {
  const struct family *family;
  /** Bytes for the device. */
  uint8_t out[OUT_BYTES];
  uint32_t out_len;
  char line[LINE_BYTES];
  uint32_t line_len;
  uint8_t data[DATA_BYTES];
  uint32_t wanted, data_len;
  uint32_t is_made, is_open, is_ended;
  enum trick trick;
  /** The state of its lines: 0, or it is in reset or has no power. */
  uint32_t lines;
};

/** One direction of a connection: bytes that went in, and those that came out. */
struct way {
  uint32_t in, out;
};

static struct world {
  struct module module;
  struct way up, down;
  /** Bytes of the peer that the application has received. */
  uint32_t received;
  uint32_t now_ms;
  /** Connections so far: their bytes differ. */
  uint32_t connections;
} world;

/** Device and world at the start of a family, and with its first open connection. */
static struct moment {
  struct world world;
  struct guest guest;
  __typeof__(globals) globals;
} starts[FAMILIES], readies[FAMILIES];

static struct module *const module = &world.module;
static uint32_t is_hostile, is_planted;
/** Bytes by family that went through connections of inputs that are not hostile, both ways. */
static uint64_t carried[FAMILIES];

static void require(int is_true, const char *what) {
  if (is_true)
    return;
  fprintf(stderr, "%s: %s\n", module->family->name, what);
  abort();
}

/** The byte at `at` of a direction. Every second connection carries words of the modules. */
static uint8_t pattern(uint32_t way, uint32_t at) {
  static const char words[] = "\r\nOK\r\n\r\nERROR\r\n>\r\nCLOSED\r\n+IPD,9:\r\nSEND FAIL\r\nready\r\n+++";
  if (world.connections & 1)
    return (uint8_t)words[(at + 7 * way) % (sizeof words - 1)];
  const uint32_t mixed = (at + 1) * 2654435761u ^ (world.connections * 2 + way) * 2246822519u;
  return (uint8_t)(mixed >> 24);
}

/* The module. */

static void queue(const void *bytes, uint32_t len) {
  if (len > OUT_BYTES - module->out_len)
    return;
  memcpy(module->out + module->out_len, bytes, len);
  module->out_len += len;
}

static void say(const char *format, uint32_t first, uint32_t second) {
  char text[128];
  queue(text, (uint32_t)snprintf(text, sizeof text, format, first, second));
}

static void disconnect(void) { module->is_made = module->is_open = module->is_ended = 0; }

static void restart(void) {
  disconnect();
  module->line_len = module->wanted = 0;
  say(module->family->boot, 0, 0);
}

static uint32_t unread(void) { return world.down.in - world.down.out; }

/** Hand out up to `most` bytes of the peer. */
static void give(uint32_t most) {
  const uint32_t len = unread() < most ? unread() : most;
  if (!module->is_made || len == 0)
    return say(module->family->empty, 0, 0);
  say(module->family->block, len, unread() - len);
  for (uint32_t i = 0; i < len; i++) {
    const uint8_t byte = pattern(1, world.down.out++);
    queue(&byte, 1);
  }
  say(module->family->block_end, 0, 0);
  if (module->family->ends_late && module->is_ended && unread() == 0) {
    say(module->family->ended, 0, 0);
    disconnect();
  }
}

/** The connection is open: its bytes are counted anew. */
static void connect(void) {
  module->is_open = 1;
  world.connections++;
  world.up = world.down = (struct way){0, 0};
  world.received = 0;
  say(module->family->opened, 0, 0);
}

static void answer_open(void) {
  if (module->is_made)
    return say(ERROR, 0, 0);
  if (module->trick == SAY_ERROR)
    return say(module->family->dial ? ERROR : module->family->refused, 0, 0);
  module->is_made = 1;
  if (module->family->dial)
    return say(module->family->made, 0, 0);
  connect();
}

static void answer_dial(void) {
  if (!module->is_made || module->is_open || module->trick == SAY_ERROR)
    return say(module->family->refused, 0, 0);
  connect();
}

static void answer_send(uint32_t length) {
  if (!module->is_open || module->is_ended || length == 0 || length > DATA_BYTES)
    return say(ERROR, 0, 0);
  module->wanted = length;
  module->data_len = 0;
  say(module->family->prompt, 0, 0);
}

/** The rest of the line if it begins with this command, or null. */
static const char *argument(const char *command) {
  const size_t len = command == NULL ? 0 : strlen(command);
  return len > 0 && strncmp(module->line, command, len) == 0 ? module->line + len : NULL;
}

static void answer(void) {
  const struct family *const family = module->family;
  const char *rest;
  if (argument(family->open))
    return answer_open();
  if (argument(family->dial))
    return answer_dial();
  if ((rest = argument(family->send)))
    return answer_send((uint32_t)atoi(rest));
  if ((rest = argument(family->read)))
    return give((uint32_t)atoi(rest));
  if (module->trick == SAY_ERROR)
    return say(ERROR, 0, 0);
  if (argument(family->reset)) {
    say(OK, 0, 0);
    return restart();
  }
  if (argument(family->close)) {
    const char *const text = module->is_made ? family->hung_up : ERROR;
    disconnect();
    return say(text, 0, 0);
  }
  for (uint32_t i = 0; i < QUERIES && family->queries[i][0]; i++)
    if (argument(family->queries[i][0]))
      return say(family->queries[i][1], 0, 0);
  say(strncmp(module->line, "AT", 2) == 0 ? OK : ERROR, 0, 0);
}

/** A line is complete: obey it. */
static void obey(void) {
  const enum trick trick = module->trick;
  const uint32_t before = module->out_len;
  if (module->line_len == 0)
    return;
  if (trick == FAIL_SEND)
    return answer();
  if (trick == RESTART)
    restart();
  else if (trick == SAY_BUSY && module->family->says_busy)
    say("busy p...\r\n", 0, 0);
  else if (trick != STAY_MUTE)
    answer();
  // A counted block is never lost without trace: no driver could know of it.
  if (trick == LOSE_ANSWER && !argument(module->family->read))
    module->out_len = before;
  module->trick = NONE;
}

/** The announced data is complete. */
static void deliver(void) {
  const uint32_t len = module->wanted;
  module->wanted = 0;
  const uint32_t is_failed = module->trick == FAIL_SEND;
  if (!is_failed && module->is_open) {
    const uint32_t is_checked = !is_hostile && guest_bare_state() == OPEN;
    for (uint32_t i = is_planted; i < len; i++, world.up.out++)
      require(!is_checked || module->data[i] == pattern(0, world.up.out), "a byte for the peer is not the next one");
  }
  if (module->trick != LOSE_ANSWER)
    say(is_failed ? module->family->unsent : module->family->sent, len, 0);
  module->trick = NONE;
}

static void hear(uint8_t byte) {
  if (module->wanted > 0) {
    module->data[module->data_len++] = byte;
    if (module->data_len == module->wanted)
      deliver();
  } else if (byte == '\n') {
    module->line[module->line_len] = 0;
    obey();
    module->line_len = 0;
  } else if (byte != '\r' && module->line_len < LINE_BYTES - 1) {
    module->line[module->line_len++] = (char)byte;
  }
}

/* The device, and an application that always wants a connection. */

/** Hand what the device says to the module. */
static void carry_up(uint32_t most) {
  const uint32_t len = guest_bare_toModule(most);
  const uint8_t *bytes = guest_memory(guest_bare_outputAt(), len);
  require(len <= most, "more bytes for the module than there is room for");
  for (uint32_t i = 0; i < len && module->lines == 0; i++)
    hear(bytes[i]);
}

/** Follow the reset line and the power. */
static void follow(void) {
  const uint32_t lines = guest_bare_lines();
  if (lines == module->lines)
    return;
  module->lines = lines;
  module->out_len = 0;
  restart();
  if (lines != 0)
    module->out_len = 0;
}

/** Let up to `len` bytes of the module arrive. */
static void pass(uint32_t len) {
  if (len > module->out_len)
    len = module->out_len;
  for (uint32_t at = 0; at < len; at += TURN_BYTES) {
    const uint32_t part = len - at < TURN_BYTES ? len - at : TURN_BYTES;
    memcpy(guest_memory(guest_bare_inputAt(), part), module->out + at, part);
    guest_bare_fromModule(part);
  }
  module->out_len -= len;
  memmove(module->out, module->out + len, module->out_len);
}

static void receive(uint32_t most) {
  const uint32_t got = guest_bare_receive(most);
  require(got <= most, "more bytes for the application than there is room for");
  const uint8_t *const bytes = guest_memory(guest_bare_outputAt(), got);
  for (uint32_t i = 0; i < got; i++, world.received++)
    require(is_hostile || bytes[i] == pattern(1, world.received), "a byte of the peer is not the next one");
  require(is_hostile || world.received <= world.down.out, "bytes that the module did not give");
}

static void send(uint32_t most) {
  uint8_t *const bytes = guest_memory(guest_bare_inputAt(), most);
  for (uint32_t i = 0; i < most; i++)
    bytes[i] = pattern(0, world.up.in + i);
  world.up.in += guest_bare_send(most);
}

/** One turn of the main loop, `ms` after the one before. */
static void turn(uint32_t ms, uint32_t most) {
  static const char host[] = "signet.example";
  world.now_ms += ms;
  guest_bare_tick(world.now_ms);
  follow();
  const uint32_t state = guest_bare_state();
  require(state <= FAILED, "a state that is none");
  if (state == READY) {
    memcpy(guest_memory(guest_bare_inputAt(), sizeof host), host, sizeof host);
    guest_bare_open(sizeof host - 1, 443);
  } else if (state >= PEER_CLOSED) {
    receive(LINE_BYTES);
    guest_bare_close();
  }
  carry_up(most);
}

/** A turn in which the module says all it has to say. */
static void calm_turn(void) {
  turn(module->out_len || module->wanted ? 2 : 20, TURN_BYTES);
  pass(module->out_len);
  receive(LINE_BYTES);
}

/** Nothing more goes wrong: an open link delivers what it took, to both sides. */
static void finish(void) {
  module->trick = NONE;
  const uint32_t begin = world.now_ms, connection = world.connections;
  while (guest_bare_state() == OPEN && connection == world.connections) {
    if (world.up.out == world.up.in && world.received == world.down.in)
      return;
    require(world.now_ms - begin < DELIVER_MS, "an open link does not deliver");
    calm_turn();
  }
}

/** Carry bytes over a connection; 0: it ended before. */
static uint32_t carry(void) {
  const uint32_t begin = world.now_ms;
  while (guest_bare_state() != OPEN) {
    require(world.now_ms - begin < FOUND_MS, "the module is not found");
    calm_turn();
  }
  const uint32_t connection = world.connections, up = world.up.in + CARRY_BYTES;
  world.down.in += CARRY_BYTES;
  say(module->family->arrived, unread(), 0);
  while (guest_bare_state() == OPEN && connection == world.connections) {
    if (world.up.in < up)
      send(up - world.up.in);
    else if (world.up.out == up && world.received == world.down.in)
      return 1;
    require(world.now_ms - begin < FOUND_MS + CARRY_MS, "an open link carries nothing");
    calm_turn();
  }
  return 0;
}

/** The module was off and on, and behaves. */
static void find(void) {
  module->out_len = 0;
  module->trick = NONE;
  restart();
  guest_bare_close();
  // The device can take the greeting of the module for bytes of a peer: those of this connection are of no account.
  for (uint32_t attempts = 0; attempts < ATTEMPTS; attempts++)
    if (carry())
      return;
  require(0, "the link stays broken");
}

/* Inputs: the family and whether it is hostile, whether the module is set up already; then acts of two bytes. */

enum act {
  ACT_TURN,
  ACT_TURN_MORE,
  ACT_PASS,
  ACT_PASS_ALL,
  ACT_SEND,
  ACT_RECEIVE,
  ACT_ARRIVE,
  ACT_ARRIVE_UNTOLD,
  ACT_END,
  ACT_CLOSE,
  ACT_WAIT,
  ACT_PLAY_TRICK,
  ACT_CHATTER,
  ACT_WORD,
  ACT_NOISE,
  ACT_CALM,
};

/** Lines that mean nothing, or nothing new. */
static void chatter(uint32_t which) {
  static const char *const lines[] = {"\r\n",           LINE("+CSQ: 21,99"), LINE("WIFI GOT IP"), "\xfe\x80\xff\r\n",
                                      LINE("SMS DONE"), LINE("+CREG: 1"),    "AT+CSQ\r\r\n",      LINE("+CPIN: READY")};
  say(lines[which % (sizeof lines / sizeof *lines)], 0, 0);
}

/** A word of the family out of place. */
static void word(uint32_t which) {
  const struct family *const family = module->family;
  const char *const words[] = {family->boot,
                               family->made,
                               family->opened,
                               family->refused,
                               family->prompt,
                               family->sent,
                               family->unsent,
                               family->block,
                               family->block_end,
                               family->empty,
                               family->hung_up,
                               family->arrived,
                               family->ended,
                               OK,
                               ERROR,
                               LINE("+CME ERROR: 4294967296")};
  const char *const text = words[which & 15];
  say(text == NULL ? "+" : text, which & 16 ? 4294967295u : which >> 4, which);
}

static void act(uint32_t what, uint32_t how) {
  switch (what) {
  case ACT_TURN:
  case ACT_TURN_MORE:
    turn(how & 15, what == ACT_TURN ? 1 + (how >> 4) : TURN_BYTES);
    return;
  case ACT_PASS:
    pass(1 + how);
    return;
  case ACT_PASS_ALL:
    pass(module->out_len);
    return;
  case ACT_SEND:
    if (guest_bare_state() == OPEN)
      send(1 + how);
    return;
  case ACT_RECEIVE:
    return receive(1 + how);
  case ACT_ARRIVE:
  case ACT_ARRIVE_UNTOLD:
    if (!module->is_open || module->is_ended || unread() + how >= WINDOW)
      return;
    world.down.in += 1 + how;
    if (what == ACT_ARRIVE)
      say(module->family->arrived, unread(), 0);
    return;
  case ACT_END:
    if (!module->is_open || module->is_ended)
      return;
    module->is_ended = 1;
    if (!module->family->ends_late || unread() == 0)
      say(module->family->ended, 0, 0);
    return;
  case ACT_CLOSE:
    return guest_bare_close();
  case ACT_WAIT:
    world.now_ms += how << 7;
    return;
  case ACT_PLAY_TRICK:
    module->trick = how % TRICKS;
    return;
  case ACT_CHATTER:
    return chatter(how);
  case ACT_WORD:
    return is_hostile ? word(how) : chatter(how);
  case ACT_CALM:
    for (uint32_t i = 0; i <= how; i++)
      calm_turn();
    return;
  default:;
    const uint8_t byte = (uint8_t)how;
    if (is_hostile)
      queue(&byte, 1);
  }
}

static void keep(struct moment *moment) { *moment = (struct moment){world, guest, globals}; }

static void resume(const struct moment *moment) {
  world = moment->world;
  guest = moment->guest;
  globals = moment->globals;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 2)
    return -1;
  const uint32_t which = data[0] % FAMILIES;
  is_hostile = data[1] & 1;
  resume(data[1] & 2 ? &starts[which] : &readies[which]);
  for (size_t at = 2; at + 2 <= len; at += 2)
    act(data[at] & 15, data[at + 1]);
  if (!is_hostile) {
    finish();
    carried[which] += world.up.out + world.received;
  }
  find();
  return 0;
}

static void tell(void) {
  fprintf(stderr, "bytes carried:");
  for (uint32_t i = 0; i < FAMILIES; i++)
    fprintf(stderr, " %s %llu", families[i].name, (unsigned long long)carried[i]);
  fprintf(stderr, "\n");
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  for (uint32_t i = 0; i < FAMILIES; i++) {
    memset(&world, 0, sizeof world);
    guest_start();
    module->family = &families[i];
    guest_bare_startLink(families[i].number, 0);
    restart();
    keep(&starts[i]);
    while (guest_bare_state() != OPEN) {
      require(world.now_ms < FOUND_MS, "the module is not found at first");
      calm_turn();
    }
    keep(&readies[i]);
  }
  is_planted = getenv("SIGNET_PLANTED") != NULL;
  atexit(tell);
  return 0;
}
