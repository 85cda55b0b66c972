// Chromium from the system, and pages made by the command.
import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");

/** The command: `ANNATOMY`, or what `cargo build --profile ci` made. */
export const COMMAND = process.env.ANNATOMY ?? join(ROOT, "target/ci/annatomy");

export function browserPath() {
  const known = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const found = known.find((path) => path && existsSync(path));
  if (!found) throw new Error("no Chromium: install the system's package, or set CHROMIUM");
  return found;
}

export async function launch() {
  return chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"] });
}

/** A folder to work in: `PAGES`, or a new one. */
export function folder() {
  if (!process.env.PAGES) return mkdtempSync(join(tmpdir(), "explorer-"));
  mkdirSync(process.env.PAGES, { recursive: true });
  return process.env.PAGES;
}

export function run(...words) {
  return execFileSync(COMMAND, words.map(String), { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
}

/** A page of this width, whose console and requests are watched. */
export async function open(browser, file, { width = 1400, height = 1000, fragment = "", scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, acceptDownloads: true });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const own = pathToFileURL(file).href;
  page.on("request", (request) => {
    const to = request.url();
    if (to.split("#")[0] !== own && !to.startsWith("data:") && !to.startsWith("blob:")) faults.push(`a request to ${to}`);
  });
  const begin = Date.now();
  await page.goto(own + fragment);
  await page.waitForSelector("#explorer-root[data-ready=yes]", { timeout: 30_000 });
  return { page, faults, milliseconds: Date.now() - begin };
}
