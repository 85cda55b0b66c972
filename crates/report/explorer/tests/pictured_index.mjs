// A graph that FAISS saved, with 10,000 pictures: made by Python with faiss, where there is one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, open, run } from "./browser.mjs";
import { ask, figure, frame, test } from "./harness.mjs";

const ROWS = 10_000;
const MEGABYTES = 12;
const PYTHON = process.env.PYTHON ?? join(ROOT, "target/python/environment/bin/python");

const SCRIPT = `
import sys
import faiss, numpy as np
folder, rows = sys.argv[1], int(sys.argv[2])
faiss.omp_set_num_threads(1)
random = np.random.default_rng(7)
centers = random.normal(size=(40, 48))
X = (centers[random.integers(40, size=rows)] + random.normal(size=(rows, 48)) * .7).astype(np.float32)
np.save(folder + "/rows.npy", X)
index = faiss.IndexHNSWFlat(48, 12)
index.hnsw.efConstruction = 60
index.add(X)
faiss.write_index(index, folder + "/graph.faiss")
index.hnsw.efSearch = 16
found = index.search(X, 21)[1]
np.save(folder + "/found.npy", found.astype(np.int64))
print(faiss.__version__)
`;

function hasFaiss() {
  try {
    execFileSync(PYTHON, ["-c", "import faiss, numpy"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Pictures of 24 × 24 points, each its own. */
function pictures(folder) {
  if (existsSync(folder)) return;
  mkdirSync(folder);
  const header = Buffer.from("P6 24 24 255\n");
  for (let row = 0; row < ROWS; row++) {
    const pixels = Buffer.alloc(24 * 24 * 3, (at) => 0);
    for (let at = 0; at < pixels.length; at++) pixels[at] = (row * 37 + (at % 72) * (row % 5) + at * 3) % 256;
    writeFileSync(join(folder, `${String(row).padStart(5, "0")}.ppm`), Buffer.concat([header, pixels]));
  }
}

function make(folder) {
  const at = (name) => join(folder, name);
  if (existsSync(at("pictured/report.html"))) return at("pictured");
  console.log(`      faiss ${execFileSync(PYTHON, ["-c", SCRIPT, folder, String(ROWS)], { encoding: "utf8" }).trim()}`);
  pictures(at("pictures"));
  const lines = Array.from({ length: ROWS }, (_, row) => (row === 3 ? "<img src=x onerror=alert(1)>" : `picture ${row}`));
  writeFileSync(at("names.txt"), `${lines.join("\n")}\n`);
  run("audit", at("rows.npy"), "--index", at("graph.faiss"), "--k", "10,20", "--ef", "16,64", "--images", at("pictures"),
    "--labels", at("names.txt"), "--page-megabytes", MEGABYTES, "--out", at("pictured"));
  return at("pictured");
}

export async function indexTests(browser, folder) {
  if (!hasFaiss()) {
    console.log(`left  a FAISS index with pictures: ${PYTHON} has no faiss`);
    return;
  }
  let page = "";
  await test("an index that FAISS saved, with 10,000 pictures: within the budget, figures those of audit.json", async () => {
    page = make(folder);
    const file = join(page, "report.html");
    const header = /id="explorer-header">([^<]*)</.exec(readFileSync(file, "utf8"))[1];
    const { pictures, notes } = JSON.parse(header);
    const bytes = Object.values(pictures).reduce((sum, each) => sum + each.length, 0);
    assert.ok(bytes <= MEGABYTES * 1e6, `${bytes} bytes of pictures`);
    const { page: shown, faults, milliseconds } = await open(browser, file);
    console.log(`      ${statSync(file).size} bytes, ${Object.keys(pictures).length} pictures of ${bytes} bytes, ready after ${milliseconds} ms; ${notes.join(" ")}`);
    for (const cell of JSON.parse(readFileSync(join(page, "audit.json"), "utf8")).efforts) {
      await ask(shown, cell.ef, cell.k);
      assert.equal(await figure(shown, "overlap"), cell.overlap.point.toFixed(4), `ef ${cell.ef}, k ${cell.k}`);
      assert.equal(await figure(shown, "fill"), cell.fill.point.toFixed(4));
    }
    assert.deepEqual(faults, []);
    await shown.context().close();
  });

  await test("a query of it shows pictures, and what FAISS itself returned is what came back", async () => {
    const found = npyRows(join(folder, "found.npy"));
    for (const query of [3, 4711]) {
      const fragment = `#explorer:ef=16&k=20&query=${query}`;
      const { page: shown, faults } = await open(browser, join(page, "report.html"), { fragment });
      await frame(shown);
      assert.ok((await shown.locator(".detail .pictures img").count()) > 0);
      const loaded = await shown.locator(".detail .head img").evaluate((image) => image.complete && image.naturalWidth > 0);
      assert.ok(loaded, "the query's own picture");
      const rows = await shown.locator(".detail tr.found td.name").allInnerTexts();
      const came = rows.map((text) => Number(text.split(" ")[0]));
      const engine = new Set(found[query].filter((row) => row !== query).slice(0, 20));
      for (const row of came) assert.ok(engine.has(row), `row ${row} of query ${query}`);
      const missing = await shown.locator(".detail tr.missing td.name").allInnerTexts();
      for (const text of missing) assert.ok(!engine.has(Number(text.split(" ")[0])), text);
      assert.deepEqual(faults, []);
      await shown.context().close();
    }
  });
}

/** The rows of a .npy file of int64. */
function npyRows(path) {
  const bytes = readFileSync(path);
  const length = bytes.readUInt16LE(8);
  const [, rows, columns] = /\((\d+), (\d+)\)/.exec(bytes.subarray(10, 10 + length).toString("latin1")).map(Number);
  const at = (row, column) => Number(bytes.readBigInt64LE(10 + length + (row * columns + column) * 8));
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => at(row, column)));
}
