// The page of a study against its measurements.csv: every query on the page, and a sample of them.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { ask, csvRows, figure, frame, test } from "./harness.mjs";

const first = (folder) => csvRows(readFileSync(join(folder, "measurements.csv"), "utf8")).filter((row) => row.run === "0");
const four = (text) => Number(text).toFixed(4);

/** Rows of every condition, evenly. */
function chosen(rows, count) {
  return Array.from({ length: count }, (_, at) => rows[Math.floor((at * rows.length) / count)]);
}

async function look(shown, row) {
  await ask(shown, null, row.k);
  await shown.selectOption("select[name=condition]", row.condition);
  await frame(shown);
  assert.equal(await shown.inputValue("input[name=ef]"), row.ef, row.condition);
  assert.equal(await shown.inputValue("input[name=k]"), row.k, row.condition);
}

export async function studyTests(browser, pages) {
  await test("28 (ef, k) pairs of a study are those of measurements.csv", async () => {
    const { page: shown, faults } = await open(browser, join(pages.study, "report.html"));
    const rows = chosen(first(pages.study), 28);
    assert.equal(new Set(rows.map((row) => row.condition)).size, 14);
    for (const row of rows) {
      await look(shown, row);
      for (const [id, value] of [["overlap", row.overlap], ["fill", row.fill], ["p5", row.overlap_p5]]) {
        assert.equal(await figure(shown, id), four(value), `${id} of ${row.condition}, k ${row.k}`);
      }
      const visited = Number((await figure(shown, "visited")).replace(/[,≈ ]/g, ""));
      if (!row.condition.startsWith("alpha")) assert.ok(Math.abs(visited - row.visited) <= Math.max(0.5, 5e-4 * row.visited), `${visited} ${row.visited}`);
      const words = await figure(shown, "row");
      assert.ok(words.includes(row.condition) && words.includes(`overlap ${four(row.overlap)}`), words);
    }
    assert.deepEqual(faults, []);
    await shown.context().close();
  });

  await test("the page of a study whose queries are too many holds a sample, and the rows of all", async () => {
    const file = join(pages.sampled, "report.html");
    const bytes = statSync(file).size;
    assert.ok(bytes <= 3e6, `${bytes} bytes`);
    const { page: shown, faults, milliseconds } = await open(browser, file);
    console.log(`      ${bytes} bytes, ready after ${milliseconds} ms`);
    for (const row of chosen(first(pages.sampled), 20)) {
      await look(shown, row);
      const words = await figure(shown, "row");
      for (const part of [`overlap ${four(row.overlap)}`, `fill ${four(row.fill)}`, `worst 5 % ${four(row.overlap_p5)}`]) {
        assert.ok(words.includes(part), `${part} in ${words}`);
      }
      // Of 300 queries; overlaps of single queries are from 0 to 1.
      const apart = Math.abs(Number(await figure(shown, "overlap")) - row.overlap);
      assert.ok(apart <= 5 * 0.5 / Math.sqrt(300), `${row.condition}, k ${row.k}: ${apart} from all queries`);
    }
    assert.deepEqual(faults, []);
    await shown.context().close();
  });

  await test("a graph recorded to a smaller ef keeps the slider to it", async () => {
    const { page: shown, faults } = await open(browser, join(pages.study, "report.html"));
    await ask(shown, 150, 20);
    await shown.selectOption("select[name=source]", { label: "ef_construction 50" });
    await frame(shown);
    assert.equal(await shown.inputValue("input[name=ef]"), "50");
    assert.match(await figure(shown, "row"), /^efc_50, k 20/);
    assert.deepEqual(faults, []);
    await shown.context().close();
  });
}
