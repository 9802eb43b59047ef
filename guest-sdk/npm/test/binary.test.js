// Where the program is looked for, and what is said when it is not there or is another.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { run } from "@sandpit/sdk/test";
import { findBinary, projectOf } from "../src/binary.js";

function folderOf(t) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sandpit-binary-")));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A program that is not Sandpit. */
function program(path, script) {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("SANDPIT_BIN goes before the PATH, and the PATH before what `sandpit new` wrote", (t) => {
  const folder = folderOf(t);
  for (const name of ["bin", ".sandpit", "sub"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "package.json"), "{}");
  const [named, onPath, hinted] = ["named", "bin/sandpit", "hinted"].map((name) => program(join(folder, name), "true"));
  writeFileSync(join(folder, ".sandpit/binary"), `${hinted}\n`);
  const cwd = join(folder, "sub");
  assert.equal(projectOf(cwd), folder);
  assert.equal(findBinary({ cwd, env: { SANDPIT_BIN: "../named", PATH: join(folder, "bin") } }).path, named);
  assert.deepEqual(findBinary({ cwd, env: { PATH: `/nowhere:${join(folder, "bin")}` } }), { path: onPath, from: "the PATH" });
  assert.deepEqual(findBinary({ cwd, env: { PATH: "/nowhere" } }), { path: hinted, from: join(folder, ".sandpit/binary") });
  rmSync(hinted);
  assert.throws(() => findBinary({ cwd, env: {} }), { name: "SandpitError", message: /was not found[^]*hinted, which is no longer there[^]*SANDPIT_BIN=/ });
  assert.throws(() => findBinary({ cwd, env: { SANDPIT_BIN: "/nowhere/sandpit" } }), { message: /SANDPIT_BIN says \/nowhere\/sandpit/ });
});

test("a program that answers something else is named, with what it said", async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, "s.js"), "module.exports = {};\n");
  const asked = (script, options) => {
    const env = { SANDPIT_BIN: program(join(folder, "sandpit"), script), PATH: process.env.PATH };
    return run({ strategy: "s.js" }, { cwd: folder, env, ...options });
  };
  const rejects = (script, message, options) => assert.rejects(asked(script, options), { name: "SandpitError", message });
  await rejects("echo hello; echo trouble >&2; exit 3", /\/sandpit \(from SANDPIT_BIN\) did not answer.*ended with 3\ntrouble\nhello\nIs it a Sandpit of another version/s);
  await rejects("cat > /dev/null; echo '{\"scenarios\": []}'", /did not answer/);
  await rejects("echo \"sandpit: steps[0]: there is no step prise\" >&2; exit 2", /^steps\[0\]: there is no step prise$/);
  await rejects("exec sleep 10", /did not answer within 0\.1 s/, { timeout: 100 });
  await assert.rejects(asked("exec sleep 10", { signal: AbortSignal.timeout(100) }), { name: "AbortError" });
  await assert.rejects(run({ strategy: "gone.js" }, { cwd: folder }), { name: "SandpitError", message: /there is no strategy .*gone\.js/ });
  await assert.rejects(run({}), { name: "SandpitError", message: /needs a strategy/ });
});
