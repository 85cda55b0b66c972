// Opens pages in a real browser: figures against audit.json, links, brushes, clicks, exports, widths,
// accessibility, names that are markup.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { folder, launch, open } from "./browser.mjs";
import { ask, figure, finish, frame, test } from "./harness.mjs";
import { EFS, KS, make } from "./pages.mjs";
import { indexTests } from "./pictured_index.mjs";
import { replayTests } from "./replay.mjs";
import { studyTests } from "./study.mjs";

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1400, 800, 380];

const pages = make(folder());
const json = (name) => JSON.parse(readFileSync(join(pages[name], "audit.json"), "utf8"));
const page = (name) => join(pages[name], "report.html");
const browser = await launch();

async function agrees(name, cells, ask) {
  const { page: shown, faults } = await open(browser, page(name));
  let pairs = 0;
  for (const cell of cells) {
    await ask(shown, cell);
    for (const [id, value] of [["overlap", cell.overlap], ["fill", cell.fill], ["p5", cell.overlap_p5]]) {
      if (id === "p5" && name === "graphs") continue; // A quantile per graph there, of means here.
      assert.equal(await figure(shown, id), value.point.toFixed(4), `${id} of ${cell.who}, ef ${cell.ef}, k ${cell.k}`);
    }
    if (cell.visited !== null && cell.ef !== null) {
      const visited = Number((await figure(shown, "visited")).replace(/[,≈ ]/g, ""));
      assert.ok(Math.abs(visited - cell.visited) <= Math.max(0.5, 5e-4 * cell.visited), `visited ${visited}, ${cell.visited}`);
    }
    pairs++;
  }
  assert.deepEqual(faults, []);
  await shown.context().close();
  return pairs;
}

await test(`${EFS.length * KS.length} (ef, k) pairs are those of audit.json`, async () => {
  const cells = json("graph").efforts;
  assert.equal(cells.length, EFS.length * KS.length);
  const pairs = await agrees("graph", cells, (shown, cell) => ask(shown, cell.ef, cell.k));
  assert.equal(pairs, 20);
});

await test("engines' rules at their defaults, on one graph and as means of three", async () => {
  for (const name of ["graph", "graphs"]) {
    const cells = json(name).engines.concat(json(name).efforts).filter((cell) => !cell.refused);
    const pairs = await agrees(name, cells, async (shown, cell) => {
      await shown.selectOption("select[name=rule]", cell.class);
      await ask(shown, cell.ef, cell.k);
    });
    assert.ok(pairs >= 8, `${pairs} pairs`);
  }
});

await test("answers alone", async () => {
  const cells = json("answers").returned;
  assert.ok(cells.some((cell) => cell.fill.point < 1), "some slots are empty");
  const pairs = await agrees("answers", cells, (shown, cell) => ask(shown, null, cell.k));
  assert.ok(pairs >= 3);
});

await test("a page of 2,000 queries × k = 100 is small and soon ready", async () => {
  const bytes = statSync(page("graph")).size;
  assert.ok(bytes <= 3e6, `${bytes} bytes`);
  const { milliseconds, page: shown } = await open(browser, page("graph"));
  console.log(`      ${bytes} bytes, ready after ${milliseconds} ms`);
  assert.ok(milliseconds <= Number(process.env.READY_MS ?? 1500), `${milliseconds} ms`);
  const steps = await shown.evaluate(async () => {
    const [input, canvas] = [document.querySelector("input[name=ef-slider]"), document.querySelector(".map canvas")];
    const times = [];
    const frame = window.requestAnimationFrame.bind(window);
    // The script of a frame, with the layout and the canvas that it leaves to be done.
    window.requestAnimationFrame = (work) => frame((now) => {
      const begin = performance.now();
      work(now);
      document.body.getBoundingClientRect();
      canvas.getContext("2d").getImageData(0, 0, 1, 1);
      times.push(performance.now() - begin);
    });
    for (let place = 0; place < 120; place++) {
      input.value = String(place * 3);
      input.dispatchEvent(new Event("input"));
      await new Promise((done) => frame(() => frame(done)));
    }
    window.requestAnimationFrame = frame;
    return times.sort((a, b) => a - b);
  });
  const [median, worst] = [steps[steps.length >> 1], steps[Math.floor(steps.length * 0.95)]];
  console.log(`      a slider's step takes ${median.toFixed(1)} ms, one in twenty ${worst.toFixed(1)} ms or more (${steps.length} steps)`);
  assert.ok(steps.length >= 100 && median <= Number(process.env.STEP_MS ?? 16.7), `${median} ms`);
  await shown.context().close();
});

await test("a finding chooses its queries, and the link brings all back", async () => {
  const { page: shown, faults } = await open(browser, page("graph"));
  await ask(shown, 4, 100);
  const link = shown.locator(".ledger a").first();
  const words = await link.innerText();
  await link.click();
  await frame(shown);
  const queries = await figure(shown, "queries");
  assert.match(queries, / of 2,000$/);
  assert.ok(words.startsWith(queries.split(" ")[0]) , `${words}: ${queries}`);
  await shown.waitForTimeout(250);
  const fragment = await shown.evaluate(() => location.hash);
  const overlap = await figure(shown, "overlap");
  const again = await open(browser, page("graph"), { fragment });
  assert.equal(await figure(again.page, "overlap"), overlap);
  assert.equal(await figure(again.page, "queries"), queries);
  assert.equal(await again.page.inputValue("input[name=k]"), "100");
  assert.deepEqual([...faults, ...again.faults], []);
  await shown.context().close();
  await again.page.context().close();
});

await test("a brush filters, Escape clears, keys move its ends", async () => {
  const { page: shown, faults } = await open(browser, page("graph"));
  await ask(shown, 16, 50);
  const plot = shown.locator("[data-column=overlap] svg");
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await shown.mouse.move(box.x + 1, box.y + 20);
  await shown.mouse.down();
  await shown.mouse.move(box.x + box.width * 0.8, box.y + 20, { steps: 4 });
  await shown.mouse.up();
  await frame(shown);
  const some = await figure(shown, "queries");
  assert.match(some, / of 2,000$/);
  assert.ok(Number(await figure(shown, "overlap")) <= 0.8);
  await plot.focus();
  await shown.keyboard.press("Escape");
  await frame(shown);
  assert.equal(await figure(shown, "queries"), "2,000");
  await shown.keyboard.press("ArrowRight");
  await frame(shown);
  assert.equal(await shown.locator(".chips button").count(), 1);
  assert.deepEqual(faults, []);
  await shown.context().close();
});

await test("a click on a query shows its neighbors; keys do too", async () => {
  const { page: shown, faults } = await open(browser, page("graph"));
  await ask(shown, 4, 20);
  const canvas = shown.locator(".map canvas");
  await canvas.focus();
  await shown.keyboard.press("ArrowRight");
  await shown.keyboard.press("ArrowDown");
  await shown.keyboard.press("Enter");
  await frame(shown);
  assert.equal(await shown.locator(".detail tbody tr").count(), 20);
  const found = await shown.locator(".detail tr.found").count();
  const words = await shown.locator(".detail .head p").first().innerText();
  assert.ok(words.startsWith(`${found} of its 20`), words);
  // With the mouse, on the first dot that a walk over the map meets.
  await shown.locator(".detail .close").click();
  await frame(shown);
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  for (let at = 0.2; at < 0.8 && (await shown.locator(".detail").count()) === 0; at += 0.01) {
    await shown.mouse.click(box.x + at * box.width, box.y + box.height / 2);
    await frame(shown);
  }
  assert.equal(await shown.locator(".detail").count(), 1);
  assert.deepEqual(faults, []);
  await shown.context().close();
});

await test("CSV, SVG and PNG are saved", async () => {
  const { page: shown, faults } = await open(browser, page("graph"));
  for (const [name, begin] of [["CSV", "query,overlap,fill"], ["SVG", "<svg xmlns"], ["PNG", "\x89PNG"]]) {
    const [download] = await Promise.all([shown.waitForEvent("download"), shown.getByRole("button", { name, exact: true }).click()]);
    const text = readFileSync(await download.path(), "latin1");
    assert.ok(text.startsWith(begin), name);
    if (name === "CSV") assert.equal(text.trim().split("\n").length, 2001);
  }
  assert.deepEqual(faults, []);
  await shown.context().close();
});

await test("names from the data are text", async () => {
  const { page: shown, faults } = await open(browser, page("graph"));
  assert.match(await shown.title(), /<script>alert\(1\)<script>/);
  assert.equal(await shown.evaluate(() => document.querySelectorAll("h1 script").length), 0);
  assert.deepEqual(faults, []);
  await shown.context().close();
});

await studyTests(browser, pages);
await replayTests(browser, pages);
await indexTests(browser, pages.folder);

for (const width of WIDTHS) {
  for (const name of ["graph", "graphs", "answers", "study"]) {
    await test(`${name} at ${width} pixels: nothing cut off, no serious fault`, async () => {
      for (const scheme of width === 1400 ? ["light", "dark"] : ["light"]) {
        const { page: shown, faults } = await open(browser, page(name), { width, scheme, fragment: "#explorer:ef=4&k=20&query=3" });
        const over = await shown.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${over} pixels too wide`);
        const cut = await shown.evaluate(() => [...document.querySelectorAll("#explorer-root *")]
          .filter((element) => !element.closest(".scroller, .pictures, .map, .heat, svg, .canvas"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 80)));
        assert.deepEqual(cut, []);
        const over_another = await shown.evaluate(() => ["#explorer-root", "#explorer-root .two", "#explorer-root .detail"].flatMap((within) => {
          const parts = [...document.querySelector(within).children].map((part) => part.getBoundingClientRect()).filter((box) => box.height > 0);
          const inside = document.querySelector(within).getBoundingClientRect();
          return parts.flatMap((box, place) => {
            const next = parts[place + 1];
            const below = !next || next.top >= box.bottom - 1 || next.left >= box.right - 1;
            return below && box.bottom <= inside.bottom + 1 ? [] : [`part ${place} of ${within}`];
          });
        }));
        assert.deepEqual(over_another, []);
        await shown.evaluate(AXE);
        const found = await shown.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const serious = found.violations.filter((each) => ["serious", "critical"].includes(each.impact));
        assert.deepEqual(serious.map((each) => `${scheme}: ${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`), []);
        assert.deepEqual(faults, []);
        await shown.context().close();
      }
    });
  }
}

await browser.close();
finish();
