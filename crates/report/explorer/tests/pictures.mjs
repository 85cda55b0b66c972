// Takes the screenshots of the README and the docs: `npm run pictures`.
import { join } from "node:path";
import { ROOT, folder, launch, open } from "./browser.mjs";
import { make } from "./pages.mjs";

const SHOTS = [
  { name: "explorer", width: 1400, height: 1010, fragment: "#explorer:ef=8&k=50" },
  { name: "explorer-query", width: 1400, height: 1010, fragment: "#explorer:ef=8&k=50&query=50", at: ".detail" },
  { name: "explorer-study", of: "sampled", width: 1400, height: 1010, fragment: "#explorer:source=2&ef=25&k=100", at: "#explorer" },
  { name: "explorer-dark", width: 1400, height: 1010, fragment: "#explorer:ef=8&k=50&color=lid", scheme: "dark" },
  { name: "explorer-tablet", width: 800, height: 1300, fragment: "#explorer:ef=8&k=50" },
  { name: "explorer-phone", width: 380, height: 820, fragment: "#explorer:ef=8&k=50" },
];

const pages = make(folder());
const browser = await launch();
for (const { name, of, at, ...view } of SHOTS) {
  const { page } = await open(browser, join(pages[of ?? "graph"], "report.html"), view);
  await page.locator(at ?? "#explorer-root").evaluate((element) => element.scrollIntoView());
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(ROOT, "docs/pictures", `${name}.png`) });
  await page.context().close();
}
await browser.close();
