/** The families of modules that are emulated. */
import type { FamilyName as LinkName } from "../facts/family.ts";
import { EspAt } from "./espat.ts";
import type { AtModule, Making } from "./module.ts";
import { Nrf91 } from "./nrf91.ts";
import { Quectel } from "./quectel.ts";
import { SimCom } from "./simcom.ts";

export const FAMILIES = {
  "esp-at": (...making: Making): AtModule => new EspAt(...making),
  quectel: (...making: Making): AtModule => new Quectel(...making),
  nrf91: (...making: Making): AtModule => new Nrf91(...making),
  simcom: (...making: Making): AtModule => new SimCom(...making),
} as const satisfies Record<Exclude<LinkName, "framed">, unknown>;

export type FamilyName = keyof typeof FAMILIES;
