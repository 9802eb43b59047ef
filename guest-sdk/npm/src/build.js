// One CommonJS file of whatever the author writes: TypeScript, ES modules, several files. Done by the project's own esbuild.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { projectOf } from "./binary.js";
import { SandpitError, StrategyError, excerpt, frame, place } from "./errors.js";

const FOLDER = join(".sandpit", "build");

/** What needs esbuild whatever is in it. */
const NEEDS = new Set([".ts", ".mts", ".cts", ".mjs"]);

async function esbuildOf(project) {
  let path;
  try {
    path = createRequire(join(project, "package.json")).resolve("esbuild");
  } catch {
    return undefined;
  }
  const loaded = await import(pathToFileURL(path));
  return loaded.default ?? loaded;
}

/**
 * Bundles a strategy and writes the file, with its source map beside it. A plain CommonJS file of its own is left alone: what is
 * tested is then the very file that is uploaded. Gives `{ file, map, entry, project, bundled }`.
 */
export async function build(entry, { outfile, cwd = process.cwd() } = {}) {
  const path = resolve(cwd, entry);
  if (!existsSync(path)) throw new SandpitError(`there is no file ${path}`);
  const project = projectOf(dirname(path));
  const alone = { file: path, map: undefined, entry: path, project, bundled: false };
  const esbuild = await esbuildOf(project);
  if (!esbuild) {
    if (!NEEDS.has(extname(path)) && !outfile) return alone;
    throw new SandpitError(`${relative(cwd, path)} has to be bundled, and ${project} has no esbuild: npm install --save-dev esbuild`);
  }
  const stem = basename(path, extname(path));
  const target = outfile ? resolve(cwd, outfile) : join(project, FOLDER, relative(project, dirname(path)), `${stem}.js`);
  const made = await bundle(esbuild, path, target, project);
  const inputs = Object.values(made.metafile.inputs);
  const isPlain = !NEEDS.has(extname(path)) && inputs.length === 1 && inputs[0].format !== "esm";
  if (isPlain && !outfile) return alone;
  // The map first: a file never stands beside the map of another.
  if (isPlain) {
    // Onto itself there is nothing to copy, and a map beside it is its own.
    if (target !== path) rmSync(`${target}.map`, { force: true });
    replace(target, readFileSync(path, "utf8"));
    return { ...alone, file: target };
  }
  const [map, code] = [`${target}.map`, target].map((name) => made.outputFiles.find((file) => file.path === name).text);
  replace(`${target}.map`, map);
  replace(target, code);
  return { file: target, map: `${target}.map`, entry: path, project, bundled: true };
}

async function bundle(esbuild, entry, outfile, project) {
  try {
    return await esbuild.build({
      entryPoints: [entry],
      outfile,
      // Paths in the output are relative to the project: the same source gives the same bytes, and so the same hash, anywhere.
      absWorkingDir: project,
      bundle: true,
      write: false,
      metafile: true,
      format: "cjs",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2023",
      charset: "utf8",
      // Beside the file, and not named in it: the hash of a revision is of the code alone.
      sourcemap: "external",
      define: { "process.env.NODE_ENV": '"production"' },
      // `export default` is what `module.exports` is.
      footer: { js: "module.exports = module.exports.default ?? module.exports;" },
      logLevel: "silent",
    });
  } catch (error) {
    if (!Array.isArray(error.errors) || error.errors.length === 0) throw error;
    throw syntaxError(error.errors, { entry, project });
  }
}

function syntaxError(errors, context) {
  const positions = errors.map(({ text, location }) => ({
    message: text,
    file: location?.file,
    line: location?.line,
    column: location ? [...Buffer.from(location.lineText).subarray(0, location.column).toString()].length + 1 : undefined,
  }));
  const texts = positions.map((position) => {
    const where = place(position, context);
    return [`${where ? `${where}: ` : ""}${position.message}`, excerpt(position, context)].filter(Boolean).join("\n");
  });
  const diagnostics = positions.map((position) => ({ stage: "compile", ...position }));
  const frames = positions.map((position) => frame("<bundle>", position, context)).filter(Boolean);
  return new StrategyError(`the strategy cannot be bundled\n${texts.join("\n")}`, { diagnostics, frames });
}

/** Writes a file whole or not at all: tests that run side by side build the same one. */
function replace(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
}
