import type { Intake } from "./intake.ts";

/** A measured value beside those of the intake: name, help, current value. */
export type Gauge = readonly [name: string, help: string, value: number];

/** Write the counters of this instance since its start in Prometheus' text format (0.0.4). */
export function metrics(intake: Intake, gauges: readonly Gauge[]): string {
  const lines: string[] = [];
  const counter = (name: string, help: string, values: readonly (readonly [string, number])[]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
    for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`);
  };
  const { enrolments, reports, resent } = intake.accepted;
  counter("signet_enrolments_total", "Enrolments accepted.", [["", enrolments]]);
  counter("signet_reports_total", "Reports stored.", [["", reports]]);
  counter("signet_repeats_total", "Repeated requests, already stored and answered again.", [["", resent]]);
  const refused = Object.entries(intake.refusals).map(([reason, count]) => [`{reason="${reason}"}`, count] as const);
  counter("signet_refusals_total", "Requests refused, by reason.", refused);
  const { heapUsed, rss } = process.memoryUsage();
  lines.push("# HELP signet_memory_bytes Memory of the process.", "# TYPE signet_memory_bytes gauge");
  lines.push(`signet_memory_bytes{kind="heap"} ${heapUsed}`, `signet_memory_bytes{kind="resident"} ${rss}`);
  for (const [name, help, value] of gauges)
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`);
  return `${lines.join("\n")}\n`;
}
