// What a reader takes away: the chosen queries as CSV, the map as SVG or PNG.

import type { Data } from "./data";
import type { Look, ScatterMap } from "./map";
import type { Measured } from "./model";

export function csv(data: Data, measured: Measured, needed: Float64Array, chosen: Uint8Array): string {
  const columns = data.header.columns;
  const lines = [["query", "overlap", "fill", "required_ef", ...columns.map((column) => quoted(column.name))].join(",")];
  for (let query = 0; query < data.header.queries; query++) {
    if (!chosen[query]) continue;
    const ef = needed[query] <= data.header.largest_ef ? String(needed[query]) : "";
    const values = [measured.overlap[query], measured.fill[query]].map((value) => (Number.isFinite(value) ? String(value) : ""));
    const others = columns.map((column) => {
      const value = data.columns.get(column.id)?.[query] ?? NaN;
      return Number.isFinite(value) ? String(value) : "";
    });
    lines.push([String(data.names[query]), ...values, ef, ...others].join(","));
  }
  return `${lines.join("\n")}\n`;
}

/** A name as one field; a spreadsheet must not take it for a formula. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function svgOf(data: Data, map: ScatterMap, look: Look): string {
  const { clientWidth: width, clientHeight: height } = map.element;
  const dots: string[] = [];
  for (const query of look.order) {
    const [x, y] = map.place(query);
    const faint = look.chosen[query] ? "" : ' opacity=".16"';
    dots.push(`<circle cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r="2.6" fill="${look.colors[query]}"${faint}/>`);
  }
  const title = data.header.name.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, " ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
    `<title>Map of ${title}</title>${dots.join("")}</svg>\n`;
}

export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
