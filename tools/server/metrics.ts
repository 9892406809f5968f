/** The metrics of this instance, in Prometheus' text format (0.0.4). */
import type { Intake } from "./intake.ts";
import type { Measured } from "./queries.ts";

/** A measured value beside those of the intake: name, help, current value. */
export type Gauge = readonly [name: string, help: string, value: number];

/** One sample: what follows the name, and the value. */
type Sample = readonly [rest: string, value: number];

function family(
  type: "counter" | "gauge" | "histogram",
  name: string,
  help: string,
  samples: readonly Sample[],
): string {
  const lines = samples.map(([rest, value]) => `${name}${rest} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

/** The samples of counts by a label. */
function by(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([value, count]) => [`{${label}="${value}"}`, count]);
}

/** Write the metrics. `measured` comes from the database; undefined if it does not answer. */
export function metrics(intake: Intake, gauges: readonly Gauge[], measured: Measured | undefined): string {
  const { enrolments, reports, resent } = intake.accepted;
  const { heapUsed: heap, rss: resident } = process.memoryUsage();
  const latency = Object.entries(intake.latency).flatMap(([request, histogram]) =>
    histogram.samples().map(([suffix, bound, value]): Sample => {
      const le = bound === undefined ? "" : `,le="${bound}"`;
      return [`${suffix}{request="${request}"${le}}`, value];
    }),
  );
  return [
    family("counter", "signet_enrolments_total", "Enrolments accepted.", [["", enrolments]]),
    family("counter", "signet_reports_total", "Reports stored.", [["", reports]]),
    family("counter", "signet_repeats_total", "Repeated requests, already stored and answered again.", [["", resent]]),
    family("counter", "signet_refusals_total", "Requests refused, by reason.", by("reason", intake.refusals)),
    family(
      "histogram",
      "signet_request_seconds",
      "Time from the body of a request of a device to its answer.",
      latency,
    ),
    family("gauge", "signet_requests_in_progress", "Requests of devices that wait for their answer.", [
      ["", intake.inProgress],
    ]),
    family("gauge", "signet_memory_bytes", "Memory of the process.", by("kind", { heap, resident })),
    family("gauge", "signet_database_up", "1 if the database answered this request.", [["", measured ? 1 : 0]]),
    ...(measured === undefined ? [] : ofDatabase(measured)),
    ...gauges.map(([name, help, value]) => family("gauge", name, help, [["", value]])),
  ].join("");
}

function ofDatabase({ bytes, open, raised, letters }: Measured): string[] {
  return [
    family("gauge", "signet_database_bytes", "Size of the database.", [["", bytes]]),
    family(
      "gauge",
      "signet_alarms_open",
      "Alarms that are not acknowledged, by the action of the log.",
      by("kind", open),
    ),
    family(
      "gauge",
      "signet_rule_devices",
      "Devices about which a rule has an alarm, by kind of rule.",
      by("kind", raised),
    ),
    family("gauge", "signet_webhook_dead_letters", "Items that the receiver of the webhook refused.", [["", letters]]),
  ];
}
