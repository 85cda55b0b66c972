// What every test of a page uses: a test's outcome, a figure of the page, a request to it.
let failed = 0;

export async function test(name, body) {
  const begin = Date.now();
  try {
    await body();
    console.log(`ok    ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAULT ${name}\n      ${error.stack ?? error}`);
  }
}

/** Says how many failed, and sets the exit code. */
export function finish() {
  console.log(failed === 0 ? "all pass" : `${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

export const figure = (page, id) => page.locator(`[data-figure=${id}]`).innerText();

/** The page has followed what was asked. */
export const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

export async function ask(page, ef, k) {
  if (ef !== null) await page.fill("input[name=ef]", String(ef));
  await page.fill("input[name=k]", String(k));
  await frame(page);
}

/** The rows of a .csv without quoted fields, as objects. */
export function csvRows(text) {
  const [header, ...lines] = text.trim().split("\n").map((line) => line.split(","));
  return lines.map((line) => Object.fromEntries(header.map((name, place) => [name, line[place]])));
}
