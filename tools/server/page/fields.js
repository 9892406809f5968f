// @ts-check
/**
 * The fields of the product's readings by key: name, unit, sent units in a displayed one, digits after the point. `assembly/app/app.ts`
 * writes them. A server with a `fields.json` serves its own fields in place of this file.
 *
 * @type {ReadonlyMap<string, { name: string, unit: string, per: number, digits: number }>}
 */
export const FIELDS = new Map([
  ["1", { name: "temperature", unit: "°C", per: 1000, digits: 3 }],
  ["2", { name: "uptime", unit: "s", per: 1, digits: 0 }],
]);
