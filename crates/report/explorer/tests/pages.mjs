// The pages that are looked at: built-in data on graphs built here; answers alone, with empty slots
// and held-out queries; a name that is markup.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./browser.mjs";

export const EFS = [4, 16, 40, 100, 300];
export const KS = [5, 20, 50, 100];

/** A NumPy file of int64, rows × columns. */
export function npy(path, rows, columns, value) {
  const header = `{'descr': '<i8', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const length = Math.ceil((header.length + 11) / 64) * 64 - 10;
  const bytes = Buffer.alloc(10 + length + rows * columns * 8);
  bytes.write("\x93NUMPY\x01\x00", 0, "latin1");
  bytes.writeUInt16LE(length, 8);
  bytes.write(`${header.padEnd(length - 1)}\n`, 10, "latin1");
  for (let at = 0; at < rows * columns; at++) bytes.writeBigInt64LE(BigInt(value(at)), 10 + length + at * 8);
  writeFileSync(path, bytes);
}

export function make(folder) {
  const at = (name) => join(folder, name);
  const rows = at("a<script>alert(1)<script>.npy");
  const asked = ["--k", KS.join(","), "--ef", EFS.join(",")];
  if (!existsSync(at("graph/report.html"))) {
    run("generate", "resnet50-like", "--n", 2000, "--out", rows);
    run("audit", rows, ...asked, "--graphs", 1, "--per-query", at("queries.csv"), "--out", at("graph"));
  }
  if (!existsSync(at("graphs/report.html"))) {
    const small = at("small.npy");
    run("generate", "resnet50-like", "--n", 400, "--out", small);
    run("audit", small, "--k", "5,20", "--ef", "4,16", "--graphs", 3, "--m", 4, "--out", at("graphs"));
    run("audit", small, "--graphs", 1, "--k", 10, "--predict", `ef=3,k=60,class=stop-early:${at("answers.npy")}`);
    run("audit", small, "--neighbors", at("answers.npy"), "--k", "5,20,50", "--out", at("answers"));
  }
  if (!existsSync(at("study/report.html"))) {
    run("study", "--subset", 400, "--ks", "5:50:5", "--runs", 2, "--out", at("study"));
    run("study", "--subset", 3000, "--runs", 1, "--out", at("sampled"));
  }
  return { folder, graph: at("graph"), graphs: at("graphs"), answers: at("answers"), study: at("study"), sampled: at("sampled") };
}
