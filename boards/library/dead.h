/**
 * The library has ended itself after a trap or a death of its own. A fault exception of the core is the host's. Its
 * secrets are wiped, its calls do nothing, and the host goes on. `signet_init` begins again; the server is then told
 * the reason.
 */
#define SIGNET_DEAD 255u

/** Return why the library ended last, as text; empty if it has not. */
const char *signet_reason(void);
