/** The families of modules that are emulated. */
import type { FamilyName as LinkName } from "../facts/family.ts";
import { EspAt } from "./espat.ts";
import type { AtModule, Making } from "./module.ts";
import { Nrf91 } from "./nrf91.ts";
import { Quectel } from "./quectel.ts";
import { Sim7080 } from "./sim7080.ts";
import { SimCom } from "./simcom.ts";
import { Ublox } from "./ublox.ts";

export const FAMILIES = {
  "esp-at": (...making: Making): AtModule => new EspAt(...making),
  quectel: (...making: Making): AtModule => new Quectel(...making),
  nrf91: (...making: Making): AtModule => new Nrf91(...making),
  sim7080: (...making: Making): AtModule => new Sim7080(...making),
  simcom: (...making: Making): AtModule => new SimCom(...making),
  ublox: (...making: Making): AtModule => new Ublox(...making),
} as const satisfies Record<Exclude<LinkName, "framed">, unknown>;

export type FamilyName = keyof typeof FAMILIES;
