/** Most bytes of a name, a version or a model. */
#define SIGNET_NAME_MOST 32u

/**
 * Name the firmware, its version and the model of the product: the server receives them when the device enrols. Call it
 * before signet_init. The texts are not copied: they must stay.
 */
void signet_name(const char *name, const char *version, const char *model);

/** Copy the device's id to 32 bytes; returns 0 while there is no key yet. */
uint32_t signet_id(uint8_t *id);

/** Write the id as the QR code of a label has it, 64 digits and a zero byte; returns 0 while there is no key yet. */
uint32_t signet_label(char *text);

/** The server's signed statement that a report is stored. */
struct signet_receipt {
  /** Which report: the number rises with each one. */
  uint32_t counter;
  /** When the server signed, in seconds since 1970. */
  uint32_t time;
};

/** Copy the last receipt since signet_init; returns 0 if there is none. */
uint32_t signet_receipt(struct signet_receipt *receipt);

/** Return the reason of the server's last refusal, an enum signet_refused; 0 if there is none, or a receipt after it.
 */
uint32_t signet_refusal(void);

/**
 * Take the command that came in the last call of signet_poll: its number, and up to `max` of its bytes. Returns how
 * many bytes it has, or SIGNET_AGAIN if there is none. A command comes once, also over a restart: call this after each
 * signet_poll.
 */
int32_t signet_command(uint32_t *counter, void *out, uint32_t max);

/** The longest client id of an access, and the longest access. */
#define SIGNET_CLIENT_MOST 128u
#define SIGNET_ACCESS_MOST 471u

/**
 * Make a proof of the device for another service, such as a broker: text that goes as a password, or in a field of a
 * request, and that the service has verified by Signet's server (POST /v1/authorize). It is valid for 5 minutes: make
 * one for each connection, and send it inside TLS only. `client` is the client id that the service sees: the device's
 * id in hexadecimal, lower case, and a suffix that begins with a hyphen; NULL is the id alone. `text` has
 * SIGNET_ACCESS_MOST + 1 bytes, and ends with a zero. Returns its length, and takes the time of a signature.
 * SIGNET_AGAIN: a report waits for its receipt; SIGNET_UNEXPECTED: no server has signed a time since signet_init.
 */
int32_t signet_access(const char *client, char *text);

/**
 * Tell the server that this key ends: the last report says so, signed, and the server refuses the key from then on.
 * Call it again after each signet_poll while it returns SIGNET_AGAIN. SIGNET_OK: the server has the last word. Give no
 * reading after the first call. A program that waits no longer may go on to signet_wipe.
 */
int32_t signet_leave(void);

/**
 * Forget everything, as an owner's factory reset does: the key, its successor, the head of the chain. A device without
 * a source of noise forgets its factory page too, because its seed would make the same key again. The library is
 * SIGNET_DEAD then; signet_init begins as another device. The server is told by
 * signet_leave before it. If it does not return SIGNET_OK, or
 * if power goes meanwhile, call it again.
 */
int32_t signet_wipe(void);
