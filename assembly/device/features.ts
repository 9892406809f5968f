/** Parts that a board's data leaves out of its firmware, or requests (`use` in `boards/<name>/board.ts`). */

/** TLS is in, unless the board has no room for it. */
export const TLS: bool = !isDefined(WITHOUT_TLS);

/** The board's noise alone makes no key: the factory's seed must be there for the first one. */
export const WEAK_NOISE: bool = isDefined(NOISE_IS_WEAK);

/** The application has a client of MQTT instead of a stream. */
export const PUBSUB: bool = isDefined(MQTT_CLIENT);

/** The application can show the device to other services: a program of C, or through the client of MQTT. */
export const ACCESS: bool = isDefined(OWN_READINGS) || PUBSUB;

/** The device has a second key, on P-256, for the application's stream to services that take no Ed25519. */
export const OWN256: bool = TLS && isDefined(TLS_OWN_P256);

/** The application's connections can ask for an application protocol. */
export const PROTOCOL: bool = TLS && (OWN256 || PUBSUB);

if (PUBSUB && !TLS) ERROR("MQTT_CLIENT is inside TLS: it excludes WITHOUT_TLS");
