// Where the program `sandpit` is.
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

import { SandpitError } from "./errors.js";

const NAME = process.platform === "win32" ? "sandpit.exe" : "sandpit";
/** What `sandpit new` writes: the path of the program that made the folder. */
export const HINT = join(".sandpit", "binary");

/** The nearest folder at or above this one that has a package.json; the folder itself when there is none. */
export function projectOf(folder) {
  for (let here = resolve(folder); ; here = dirname(here)) {
    if (existsSync(join(here, "package.json"))) return here;
    if (dirname(here) === here) return resolve(folder);
  }
}

const isProgram = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** `{ path, from }`: the program, and who said so. */
export function findBinary({ cwd = process.cwd(), env = process.env } = {}) {
  if (env.SANDPIT_BIN) {
    const path = resolve(cwd, env.SANDPIT_BIN);
    if (isProgram(path)) return { path, from: "SANDPIT_BIN" };
    throw new SandpitError(`SANDPIT_BIN says ${path}, and there is no program of that name`);
  }
  for (const folder of (env.PATH ?? "").split(delimiter).filter(Boolean)) {
    const path = join(folder, NAME);
    if (isProgram(path)) return { path, from: "the PATH" };
  }
  const hint = join(projectOf(cwd), HINT);
  const hinted = existsSync(hint) ? readFileSync(hint, "utf8").trim() : "";
  if (isProgram(hinted)) return { path: hinted, from: hint };
  const gone = hinted ? `\n${hint} says ${hinted}, which is no longer there.` : "";
  throw new SandpitError(
    `the program \`sandpit\` was not found: tests run the real component, under the limits of production.${gone}
Put it on the PATH, or name it:
  export SANDPIT_BIN=/path/to/sandpit
In a clone of Sandpit, \`cargo build --release --bin sandpit\` makes target/release/sandpit.`,
  );
}
