/** The calls of a C program beside those of boards/common/signet.h. */
#include "library.h"

uint32_t guest_nameAt(void);
uint32_t guest_versionAt(void);
void guest_name(uint32_t name, uint32_t version);
uint32_t guest_idAt(void);
uint32_t guest_leave(void);
uint32_t guest_commandAt(void);
uint32_t guest_commandBytes(void);
uint32_t guest_makeAccess(uint32_t len);
static uint32_t guest_bare_answeredAt(void);

#define ID_BYTES 32u

/** The first number of an event. */
static uint32_t number(const uint8_t *data, uint32_t len) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < 4 && i < len; i++)
    value = value << 8 | data[i];
  return value;
}

/** Keep what the program may ask for. It runs inside of a call: it must not begin another. */
static void host_hear(uint32_t code, const uint8_t *data, uint32_t len) {
  if (code == EVENT_ACCEPTED) {
    library.receipt.counter = number(data, len);
    library.receipt.time = guest_bare_answeredAt();
    library.refusal = 0;
  } else if (code == EVENT_REFUSED) {
    library.refusal = number(data, len);
  } else if (code == EVENT_COMMAND) {
    library.command = number(data, len);
  }
}

/** Copy a text without its end to linear memory; returns its length, at most SIGNET_NAME_MOST. */
static uint32_t put_text(uint32_t at, const char *text) {
  const size_t whole = strlen(text);
  const uint32_t len = whole < SIGNET_NAME_MOST ? (uint32_t)whole : SIGNET_NAME_MOST;
  uint8_t *place = guest_memory(at, len);
  if (place)
    memcpy(place, text, len);
  return len;
}

void signet_name(const char *name, const char *version, const char *model) {
  library.name = name;
  library.version = version;
  library.model = model;
}

/** Give the guest the program's names; an empty text is none. */
static void host_name(void) {
  const uint32_t name = put_text(guest_nameAt(), library.name && *library.name ? library.name : BOARD_NAME);
  const uint32_t version =
      put_text(guest_versionAt(), library.version && *library.version ? library.version : SIGNET_VERSION);
  guest_name(name, version);
}

static uint32_t host_model(uint8_t *out, uint32_t max) {
  const char *model = library.model && *library.model ? library.model : BOARD_NAME;
  const size_t whole = strlen(model);
  const uint32_t len = whole < max ? (uint32_t)whole : max;
  memcpy(out, model, len);
  return len;
}

uint32_t signet_id(uint8_t *id) {
  const uint32_t at = guest_idAt();
  const uint8_t *from = at ? guest_memory(at, ID_BYTES) : NULL;
  if (!from)
    return 0;
  memcpy(id, from, ID_BYTES);
  return 1;
}

uint32_t signet_label(char *text) {
  uint8_t id[ID_BYTES];
  text[0] = 0;
  if (!signet_id(id))
    return 0;
  for (uint32_t i = 0; i < 2 * ID_BYTES; i++)
    text[i] = "0123456789ABCDEF"[id[i / 2] >> (i & 1 ? 0 : 4) & 15];
  text[2 * ID_BYTES] = 0;
  return 1;
}

uint32_t signet_receipt(struct signet_receipt *receipt) {
  *receipt = library.receipt;
  return receipt->counter != 0;
}

uint32_t signet_refusal(void) { return library.refusal; }

int32_t signet_command(uint32_t *counter, void *out, uint32_t max) {
  const uint32_t at = library.command ? guest_commandAt() : 0;
  if (at == 0 || library.ended)
    return SIGNET_AGAIN;
  const uint32_t len = guest_commandBytes();
  const uint32_t taken = len < max ? len : max;
  const uint8_t *from = guest_memory(at, taken);
  if (!from)
    return SIGNET_AGAIN;
  memcpy(out, from, taken);
  *counter = library.command;
  library.command = 0;
  return (int32_t)len;
}

int32_t signet_access(const char *client, char *text) {
  const uint32_t len = length(client, SIGNET_CLIENT_MOST), at = guest_outbox();
  text[0] = 0;
  if (len > SIGNET_CLIENT_MOST)
    return SIGNET_TOO_LONG;
  if (at == 0 || !copy_in(at + SIGNET_DATA_MOST - SIGNET_CLIENT_MOST, client, len))
    return library.ended ? SIGNET_UNEXPECTED : SIGNET_AGAIN;
  const int32_t made = (int32_t)guest_makeAccess(len);
  uint8_t *from = made > 0 ? guest_memory(at, (uint32_t)made) : NULL;
  if (!from || made > (int32_t)SIGNET_ACCESS_MOST)
    return library.ended ? SIGNET_UNEXPECTED : made;
  memcpy(text, from, (size_t)made);
  memset(from, 0, (size_t)made);
  text[made] = 0;
  return made;
}

int32_t signet_leave(void) {
  const uint32_t status = guest_leave();
  return library.ended ? SIGNET_UNEXPECTED : (int32_t)status;
}

int32_t signet_wipe(void) {
  uint32_t failed = 0;
  for (uint32_t page = signet_port_entropy_quality() ? 1 : 0; page < SIGNET_STORE_PAGES; page++)
    failed |= signet_port_flash_erase(page * SIGNET_STORE_PAGE_BYTES);
  epitaph_begin("wiped");
  library.told = true;
  library.ended = true;
  secrets_wipe();
  return failed ? SIGNET_UNEXPECTED : (int32_t)SIGNET_OK;
}
