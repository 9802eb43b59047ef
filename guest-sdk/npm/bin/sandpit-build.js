#!/usr/bin/env node
// sandpit-build ENTRY [-o FILE]: one CommonJS file of a strategy, for `sandpit check`, `sandpit modules push` and the like.
import { relative } from "node:path";
import { parseArgs } from "node:util";

import { build } from "../src/build.js";

const USAGE = `sandpit-build ENTRY [-o FILE]

Bundles a strategy (TypeScript, ES modules, several files) to one CommonJS file with its source map beside it, and prints where it
is: FILE, or .sandpit/build/<path of the entry>.js. A plain CommonJS file of its own is left alone, unless FILE is given.

Exit codes: 0 done, 1 it does not bundle, 2 wrong usage, no such file, no esbuild.
`;

let options;
try {
  options = parseArgs({
    allowPositionals: true,
    options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h" } },
  });
} catch (error) {
  process.stderr.write(`sandpit-build: ${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (options.values.help) {
  process.stdout.write(USAGE);
} else if (options.positionals.length !== 1) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  try {
    const { file } = await build(options.positionals[0], { outfile: options.values.output });
    process.stdout.write(`${relative(process.cwd(), file)}\n`);
  } catch (error) {
    process.stderr.write(`sandpit-build: ${error.message}\n`);
    process.exitCode = error.name === "StrategyError" ? 1 : 2;
  }
}
