// Why a test could not be tried, and why a strategy did not do what it should: the second in the author's own files and lines.
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this package's sources: as modules name it, and as a path. */
const OWN = [new URL(".", import.meta.url).href, fileURLToPath(new URL(".", import.meta.url))];

/** The test could not be tried: no program, no such file, an answer that is none. */
export class SandpitError extends Error {
  name = "SandpitError";
}

/** The strategy does not compile, threw, faulted, or did not do what the scenario expects. */
export class StrategyError extends Error {
  name = "StrategyError";

  constructor(message, { frames = [], ...facts } = {}) {
    super(message);
    Object.assign(this, facts);
    this.stack = [`${this.name}: ${message}`, ...frames, ...placesOf(this)].join("\n");
  }
}

/** The lines of a stack behind the message, which may have lines that look the same. */
function placesOf({ stack = "", message }) {
  return stack.slice(stack.indexOf(message) + message.length).split("\n").filter(Boolean);
}

/** Whether a line of a stack is a place in Node itself or in this package, where no author looks. */
const isInside = (line) => /^\s+at /.test(line) && (/(\(|at |async )node:/.test(line) || OWN.some((folder) => line.includes(folder)));

/** The stack of an error that came up here, as who called sees it: the author's places, then where the test called. */
export function stackOf(error, called) {
  const own = placesOf(error).filter((line) => !isInside(line));
  return [`${error.name}: ${error.message}`, ...own, ...called.stack.split("\n").slice(1)].join("\n");
}

/** Finds an author's file by the name that the host gives it, which may be relative to the bundle or to the project. */
export function locate(file, { bundle, entry, project }) {
  if (!file) return undefined;
  if (isAbsolute(file)) return file;
  const folders = [bundle && dirname(bundle), entry && dirname(entry), project, process.cwd()].filter(Boolean);
  const found = folders.map((folder) => resolve(folder, file)).find((path) => existsSync(path));
  // The host names a single source by its file name.
  return found ?? (entry?.endsWith(`/${file}`) ? entry : undefined);
}

/** `src/strategy.ts:12:5`, as far as it is known. */
export function place({ file, line, column }, context) {
  const path = locate(file, context);
  const shown = path ? relative(process.cwd(), path) || path : file;
  return [shown, line, column].filter((part) => part !== undefined && part !== null).join(":");
}

/** The line, the one before it, and a caret under the column. */
export function excerpt({ file, line, column }, context) {
  const path = locate(file, context);
  if (!path || !line || !existsSync(path)) return "";
  const lines = readFileSync(path, "utf8").split("\n");
  if (line > lines.length) return "";
  const width = String(line).length;
  const shown = (number) => `  ${String(number).padStart(width)} | ${lines[number - 1].slice(0, 160)}`;
  const before = line > 1 && lines[line - 2].trim() ? [shown(line - 1)] : [];
  // Tabs stay tabs, so that the caret stands under its column.
  const lead = lines[line - 1].slice(0, Math.max(0, (column ?? 1) - 1)).replace(/[^\t]/g, " ");
  const caret = column && column <= 160 ? [`  ${" ".repeat(width)} | ${lead}^`] : [];
  return [...before, shown(line), ...caret].join("\n");
}

/** A line of a stack that editors and test runners can open. */
export function frame(name, position, context) {
  const path = locate(position.file, context);
  return path && position.line ? `    at ${name} (${path}:${position.line}:${position.column ?? 1})` : undefined;
}
