// Bundling by the project's own esbuild: one CommonJS file, its map beside it, the same bytes anywhere.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire, SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test from "node:test";

import { build } from "@sandpit/sdk/build";

const PACKAGE = resolve(import.meta.dirname, "..");

/** A project with these files; with esbuild unless told otherwise. */
function project(t, files, { esbuild = true } = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sandpit-build-")));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, "node_modules/@sandpit"), { recursive: true });
  symlinkSync(PACKAGE, join(folder, "node_modules/@sandpit/sdk"));
  if (esbuild) symlinkSync(join(PACKAGE, "node_modules/esbuild"), join(folder, "node_modules/esbuild"));
  return folder;
}

const TYPESCRIPT = {
  "src/strategy.ts": `import { defineStrategy } from "@sandpit/sdk";
import { double } from "./lib.js";

export default defineStrategy({
  metadata: { name: "typed", tag: "v1", displayName: "Typed", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade: (_ctx, _evt, _trade, price: number) => helpers.log(double(price)),
  }),
});
`,
  "src/lib.ts": "export const double = (value: number): number => value * 2;\n",
};

test("TypeScript of several files becomes one CommonJS file whose exports are the strategy", async (t) => {
  const folder = project(t, TYPESCRIPT);
  const built = await build("src/strategy.ts", { cwd: folder });
  assert.deepEqual(built, {
    file: join(folder, ".sandpit/build/src/strategy.js"),
    map: join(folder, ".sandpit/build/src/strategy.js.map"),
    entry: join(folder, "src/strategy.ts"),
    project: folder,
    bundled: true,
  });
  const strategy = createRequire(import.meta.url)(built.file);
  assert.deepEqual(Object.keys(strategy), ["metadata", "create"]);
  const said = [];
  strategy.create({ helpers: { log: (value) => said.push(value) } }).onTrade(null, null, null, 21);
  assert.deepEqual(said, [42]);
  const code = readFileSync(built.file, "utf8");
  assert.ok(!code.includes("sourceMappingURL"), "the map is not named in the hashed bytes");
  assert.ok(!code.includes(folder), "no path of this machine is");
});

test("the map leads from the bundle to the author's line and column", async (t) => {
  const folder = project(t, TYPESCRIPT);
  const built = await build(join(folder, "src/strategy.ts"));
  const lines = readFileSync(built.file, "utf8").split("\n");
  const line = lines.findIndex((text) => text.includes("helpers.log("));
  const map = new SourceMap(JSON.parse(readFileSync(built.map, "utf8")));
  const found = map.findEntry(line, lines[line].indexOf("helpers.log"));
  assert.equal(resolve(dirname(built.map), found.originalSource), join(folder, "src/strategy.ts"));
  const original = TYPESCRIPT["src/strategy.ts"].split("\n")[found.originalLine];
  assert.equal(original.slice(found.originalColumn).slice(0, 11), "helpers.log");
});

test("the same source gives the same bytes in every folder", async (t) => {
  const [one, other] = [project(t, TYPESCRIPT), project(t, TYPESCRIPT)];
  const bytes = async (folder) => {
    const { file, map } = await build("src/strategy.ts", { cwd: folder });
    return [readFileSync(file, "utf8"), readFileSync(map, "utf8")];
  };
  assert.deepEqual(await bytes(one), await bytes(other));
});

test("a CommonJS file of its own is left alone; with others it is bundled", async (t) => {
  const folder = project(t, {
    "alone.js": "module.exports = { metadata: {}, create() {} };\n",
    "several.js": 'const { one } = require("./lib/one.js");\nmodule.exports = { metadata: { one }, create() {} };\n',
    "lib/one.js": "exports.one = 1;\n",
    "named.mjs": "export const metadata = { one: 2 };\nexport const create = () => {};\n",
  });
  const alone = await build("alone.js", { cwd: folder });
  assert.deepEqual([alone.file, alone.bundled, alone.map], [join(folder, "alone.js"), false, undefined]);
  const copied = await build("alone.js", { cwd: folder, outfile: "dist/alone.js" });
  assert.equal(readFileSync(copied.file, "utf8"), readFileSync(alone.file, "utf8"));
  assert.ok(!existsSync(`${copied.file}.map`));
  const require = createRequire(import.meta.url);
  const several = await build("several.js", { cwd: folder, outfile: "dist/several.js" });
  assert.equal(several.file, join(folder, "dist/several.js"));
  assert.equal(require(several.file).metadata.one, 1);
  assert.equal(require((await build("named.mjs", { cwd: folder })).file).metadata.one, 2);
});

test("the output may have any ending", async (t) => {
  const folder = project(t, TYPESCRIPT);
  for (const outfile of ["dist/s.cjs", "dist/s", "dist/s.map"]) {
    const { file, map } = await build("src/strategy.ts", { cwd: folder, outfile });
    assert.deepEqual([file, map], [join(folder, outfile), join(folder, `${outfile}.map`)]);
    assert.match(readFileSync(file, "utf8"), /module\.exports/);
    assert.deepEqual(JSON.parse(readFileSync(map, "utf8")).sources.length, 3);
  }
});

test("beside a copied file lies no map of what was there before", async (t) => {
  const folder = project(t, { ...TYPESCRIPT, "plain.js": "module.exports = {};\n", "plain.js.map": "its own" });
  const { map } = await build("src/strategy.ts", { cwd: folder, outfile: "dist/s.js" });
  assert.ok(existsSync(map));
  await build("plain.js", { cwd: folder, outfile: "dist/s.js" });
  assert.ok(!existsSync(map));
  await build("plain.js", { cwd: folder, outfile: "plain.js" });
  assert.ok(existsSync(join(folder, "plain.js.map")), "onto itself it is no copy");
});

test("what does not bundle is told with file, line, column and the line itself", async (t) => {
  const folder = project(t, {
    "src/broken.ts": 'const text = "é";\n\texport default { metadata: text text };\n',
    "src/lost.ts": 'import { a } from "./gone.js";\nexport default a;\n',
    "src/outside.ts": 'import fs from "node:fs";\nexport default fs;\n',
  });
  const told = (file) => build(file, { cwd: folder }).then(() => assert.fail("it should not bundle"), (error) => error);
  const cwd = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(cwd));
  const error = await told("src/broken.ts");
  assert.equal(error.name, "StrategyError");
  assert.equal(
    error.message,
    `the strategy cannot be bundled
src/broken.ts:2:34: Expected "}" but found "text"
  1 | const text = "é";
  2 | \texport default { metadata: text text };
    | \t                                ^`,
  );
  assert.equal(error.stack.split("\n").find((line) => line.startsWith("    at ")), `    at <bundle> (${folder}/src/broken.ts:2:34)`);
  assert.match((await told("src/lost.ts")).message, /src\/lost\.ts:1:19: Could not resolve "\.\/gone\.js"/);
  assert.match((await told("src/outside.ts")).message, /src\/outside\.ts:1:16: Could not resolve "node:fs"/);
});

test("without esbuild a CommonJS file still runs, and TypeScript says what is missing", async (t) => {
  const folder = project(t, { "a.js": "module.exports = {};\n", "b.ts": "export default {};\n" }, { esbuild: false });
  assert.equal((await build("a.js", { cwd: folder })).bundled, false);
  await assert.rejects(build("b.ts", { cwd: folder }), { name: "SandpitError", message: /^b\.ts has to be bundled, .*npm install --save-dev esbuild$/ });
  await assert.rejects(build("c.ts", { cwd: folder }), { name: "SandpitError", message: `there is no file ${join(folder, "c.ts")}` });
});

test("sandpit-build on the command line", (t) => {
  const folder = project(t, { ...TYPESCRIPT, "broken.ts": "export default {;\n" });
  const sandpitBuild = (...words) => spawnSync(process.execPath, [join(PACKAGE, "bin/sandpit-build.js"), ...words], { cwd: folder, encoding: "utf8" });
  const built = sandpitBuild("src/strategy.ts", "-o", "dist/s.js");
  assert.deepEqual([built.status, built.stdout, built.stderr], [0, "dist/s.js\n", ""]);
  assert.ok(existsSync(join(folder, "dist/s.js.map")));
  const broken = sandpitBuild("broken.ts");
  assert.deepEqual([broken.status, broken.stdout], [1, ""]);
  assert.match(broken.stderr, /broken\.ts:1:17: /);
  assert.equal(sandpitBuild("gone.ts").status, 2);
  assert.equal(sandpitBuild().status, 2);
  assert.match(sandpitBuild("--what").stderr, /Unknown option '--what'/);
  assert.match(sandpitBuild("--help").stdout, /^sandpit-build ENTRY/);
});
