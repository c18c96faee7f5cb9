import type { ContenderId } from "./contenders.js";
import { contenders } from "./contenders.js";
import type { Figure, Samples } from "./stats.js";

/** A table of the report; its columns are the contenders. */
export interface Table {
  readonly caption?: string;
  readonly rows: readonly Row[];
  /** Lines below the table. */
  readonly notes?: readonly string[];
  /** In place of rows: finished Markdown. */
  readonly markdown?: string;
}

export interface Row {
  readonly label: string;
  readonly measure: string;
  readonly unit: Unit;
  /** Why a contender has no figure. */
  readonly absent?: Partial<Record<ContenderId, string>>;
  /** Adds a line of ratios: runstream in a worker, divided by the others. @defaultValue true */
  readonly ratio?: boolean;
}

export type Unit = "ms" | "µs" | "MB" | "kB" | "";

export function render(table: Table, samples: Samples): string {
  const lines: string[] = [];
  if (table.caption) lines.push(table.caption, "");
  if (table.markdown) lines.push(table.markdown, "");
  if (table.rows.length > 0) {
    const shown = contenders.filter(({ id }) => table.rows.some((row) => samples.figure(row.measure, id) ?? row.absent?.[id]));
    lines.push(`| | ${shown.map(({ title }) => title).join(" | ")} |`, `|---|${"---|".repeat(shown.length)}`);
    for (const row of table.rows) {
      const cells = shown.map(({ id }) => cell(samples.figure(row.measure, id), row.unit, row.absent?.[id]));
      lines.push(`| ${row.label} | ${cells.join(" | ")} |`);
      const own = samples.figure(row.measure, "worker");
      if (own && row.ratio !== false) {
        lines.push(`| *worker ÷ this* | ${shown.map(({ id }) => (id === "worker" ? "" : ratioText(own, samples.figure(row.measure, id)))).join(" | ")} |`);
      }
    }
    lines.push("");
  }
  for (const note of table.notes ?? []) lines.push(note, "");
  return lines.join("\n");
}

function cell(figure: Figure | undefined, unit: Unit, absent = "–"): string {
  if (!figure) return absent;
  const spread = figure.low === figure.high ? "" : ` (${amount(figure.low)}–${amount(figure.high)})`;
  return `**${amount(figure.median)}**${unit && ` ${unit}`}${spread}`;
}

function ratioText(own: Figure, other: Figure | undefined): string {
  return other && other.median > 0 ? `*${amount(own.median / other.median)}*` : "";
}

/** With so many digits that count; three from 10 on. */
export function amount(value: number, digits = 2): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(Math.abs(value) >= 10 ? 3 : digits)));
}
