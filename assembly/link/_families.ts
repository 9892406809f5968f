// node --import tsx tools/facts/generate.ts
import * as espat from "./at/espat";
import * as quectel from "./at/quectel";
import * as simcom from "./at/simcom";
import * as nrf91 from "./at/nrf91";
import * as sim7080 from "./at/sim7080";
import * as ublox from "./at/ublox";
import { Event } from "./at/step";

/** The families of modules; the values are those of the factory page. */
export const enum Family {
  Framed = 0,
  EspAt = 1,
  Quectel = 2,
  Simcom = 3,
  Nrf91 = 4,
  Sim7080 = 5,
  Ublox = 6,
}

/** The drivers in the image; a driver that is not in it costs no byte. */
export const FRAMED: bool = !isDefined(WITHOUT_FRAMED);
export const ESP_AT: bool = !isDefined(WITHOUT_ESP_AT);
export const QUECTEL: bool = isDefined(WITH_QUECTEL);
export const SIMCOM: bool = isDefined(WITH_SIMCOM);
export const NRF91: bool = isDefined(WITH_NRF91);
export const SIM7080: bool = isDefined(WITH_SIM7080);
export const UBLOX: bool = isDefined(WITH_UBLOX);

/** True if the image has a driver for AT modules. */
export const AT: bool = ESP_AT || QUECTEL || SIMCOM || NRF91 || SIM7080 || UBLOX;
/** True if it has one for modules in a mobile network. */
export const MOBILE: bool = QUECTEL || SIMCOM || NRF91 || SIM7080 || UBLOX;

const DRIVERS: u32 = <u32>FRAMED + <u32>ESP_AT + <u32>QUECTEL + <u32>SIMCOM + <u32>NRF91 + <u32>SIM7080 + <u32>UBLOX;

let chosen: u32 = 0;

/** The family in use: known to the compiler where the image has one driver. */
@inline
export function family(): u32 {
  if (DRIVERS > 1) return chosen;
  // prettier-ignore
  return FRAMED ? Family.Framed : ESP_AT ? Family.EspAt : QUECTEL ? Family.Quectel : SIMCOM ? Family.Simcom : NRF91 ? Family.Nrf91 : SIM7080 ? Family.Sim7080 : Family.Ublox;
}

/** True if the image has a driver for this family. */
@inline
export function known(family: u32): boolean {
  switch (family) {
    case Family.Framed:
      return FRAMED;
    case Family.EspAt:
      return ESP_AT;
    case Family.Quectel:
      return QUECTEL;
    case Family.Simcom:
      return SIMCOM;
    case Family.Nrf91:
      return NRF91;
    case Family.Sim7080:
      return SIM7080;
    case Family.Ublox:
      return UBLOX;
    default:
      return false;
  }
}

/** Use this family, which is known. */
@inline
export function use(family: u32): void {
  chosen = family;
}

/** Have the driver of the AT module in use begin. */
@inline
export function start(nowMs: u32): void {
  if (UBLOX && family() == Family.Ublox) ublox.start(nowMs);
  else if (SIM7080 && family() == Family.Sim7080) sim7080.start(nowMs);
  else if (NRF91 && family() == Family.Nrf91) nrf91.start(nowMs);
  else if (SIMCOM && family() == Family.Simcom) simcom.start(nowMs);
  else if (QUECTEL && family() == Family.Quectel) quectel.start(nowMs);
  else if (ESP_AT) espat.start(nowMs);
}

/** Have the driver of the AT module in use act on an event of the engine. */
@inline
export function react(event: Event): void {
  if (UBLOX && family() == Family.Ublox) ublox.react(event);
  else if (SIM7080 && family() == Family.Sim7080) sim7080.react(event);
  else if (NRF91 && family() == Family.Nrf91) nrf91.react(event);
  else if (SIMCOM && family() == Family.Simcom) simcom.react(event);
  else if (QUECTEL && family() == Family.Quectel) quectel.react(event);
  else if (ESP_AT) espat.react(event);
}
