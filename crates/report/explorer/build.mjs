// Bundles src/main.ts into ../src/explorer/explorer.js, which the report includes. The same sources give the same
// bytes: esbuild's version is pinned in package-lock.json, and nothing else enters.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";

const BUNDLE = new URL("../src/explorer/explorer.js", import.meta.url);
const LARGEST = 400 * 1024;
const result = await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "firefox113", "safari16.4", "chrome103"],
  loader: { ".css": "text" },
  charset: "ascii",
  legalComments: "inline",
  write: false,
});
// Within a script element neither of these may stand.
const text = result.outputFiles[0].text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
if (text.length > LARGEST) throw new Error(`${text.length} bytes of script: the limit is ${LARGEST}`);
if (process.argv.includes("--check")) {
  if (readFileSync(BUNDLE, "utf8") !== text) throw new Error("explorer.js is not what the sources make: npm run build");
} else {
  writeFileSync(BUNDLE, text);
}
console.log(`explorer.js: ${text.length} bytes`);
