// The replay of searches: where they stop against the audit's table of queries, and what they meet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { csvRows, frame, test } from "./harness.mjs";

export async function replayTests(browser, pages) {
  await test("a search is replayed up to where its ef stops it", async () => {
    const rows = csvRows(readFileSync(join(pages.folder, "queries.csv"), "utf8"));
    // Queries that are spread evenly are always held.
    for (const [query, ef, k] of [[0, 4, 20], [50, 16, 50], [1000, 40, 100]]) {
      const right = rows.find((row) => row.query === String(query) && row.k === String(k) && row.ef === String(ef));
      const fragment = `#explorer:ef=${ef}&k=${k}&query=${query}`;
      const { page: shown, faults } = await open(browser, join(pages.graph, "report.html"), { fragment });
      const replay = shown.locator(".replay");
      assert.equal(await replay.getAttribute("data-stop"), String(Number(right.visited)), `query ${query}`);
      const met = async () => Number(/([0-9]+) of [0-9]+ true neighbors met/.exec(await replay.locator(".visit").innerText())[1]);
      assert.equal(await met(), Math.round(right.overlap_strict * k));
      const slider = replay.locator("input[type=range]");
      await slider.fill("1");
      assert.match(await replay.locator(".visit").innerText(), /^Visit 1: /);
      await slider.fill("0");
      assert.match(await replay.locator(".visit").innerText(), /^Nothing/);
      await replay.getByRole("button", { name: "Play" }).click();
      await shown.waitForFunction(() => document.querySelector(".replay button").textContent === "Play", null, { timeout: 15_000 });
      assert.equal(await met(), Math.round(right.overlap_strict * k));
      assert.deepEqual(faults, []);
      await shown.context().close();
    }
  });

  await test("a query without a recorded search says so and leads to one", async () => {
    const { page: shown, faults } = await open(browser, join(pages.graph, "report.html"), { fragment: "#explorer:ef=16&k=20" });
    for (let query = 1; query < 40; query++) {
      await shown.evaluate((query) => (location.hash = `#explorer:ef=16&k=20&query=${query}`), query);
      await frame(shown);
      await frame(shown);
      if ((await shown.locator(".replay-missing button").count()) > 0) break;
    }
    await shown.locator(".replay-missing button").click();
    await frame(shown);
    assert.equal(await shown.locator(".replay").count(), 1);
    assert.deepEqual(faults, []);
    await shown.context().close();
  });
}
