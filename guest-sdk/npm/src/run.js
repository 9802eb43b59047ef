// Runs a scenario: hands the document to the real program, and makes of its answer a result, or an error that names the author's
// file, line and column.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";

import { findBinary } from "./binary.js";
import { build } from "./build.js";
import { SandpitError, StrategyError, excerpt, frame, locate, place, stackOf } from "./errors.js";
import { known } from "./options.js";

/** Milliseconds that one scenario may take. */
const TIMEOUT = 60_000;

/** Whether the text means a file. Else it is the name of a built-in strategy, such as `momentum` or `grid:v1.0.0`. */
const isFile = (text) => /[/\\]|\.[cm]?[jt]s$/.test(text);

let running = 0;
const waiting = [];

/** As many programs at a time as there are processors. */
async function inTurn(work) {
  if (running >= availableParallelism()) await new Promise((go) => waiting.push(go));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/**
 * Runs a scenario, or a document. Rejects with a `StrategyError` when the strategy does not compile, throws, faults or does not do
 * what the scenario expects; with `{ check: false }` only when it does not compile. Rejects with a `SandpitError` when it cannot be tried.
 */
export async function run(scenario, options = {}, caller = run) {
  // Where the test called: what follows is asynchronous and would not show it.
  const called = {};
  Error.captureStackTrace(called, caller);
  known("options of run", options, ["check", "cwd", "timeout", "signal", "env"]);
  const { check = true, cwd = process.cwd(), timeout = TIMEOUT, signal, env = process.env } = options;
  try {
    const { document, context } = await prepared(scenario, cwd);
    const binary = findBinary({ cwd, env });
    const output = await inTurn(() => ask(binary, document, { cwd, timeout, signal, env }));
    const result = answered(output, binary, { ...context, cwd, document });
    if (check && !result.ok) throw new StrategyError(told(result, context), { result, ...blamed(result, context) });
    return result;
  } catch (error) {
    if (error instanceof StrategyError || error instanceof SandpitError) error.stack = stackOf(error, called);
    throw error;
  }
}

/** The document with absolute paths, its strategy bundled where it has to be. */
async function prepared(scenario, cwd) {
  const document = { ...(typeof scenario?.toJSON === "function" ? scenario.toJSON() : scenario) };
  const { strategy } = document;
  if (typeof strategy !== "string" || strategy === "") {
    throw new SandpitError("a scenario needs a strategy: scenario(\"strategy.js\")");
  }
  let context = { project: cwd };
  if (isFile(strategy)) {
    const path = resolve(cwd, strategy);
    if (!existsSync(path)) {
      throw new SandpitError(`there is no strategy ${path}: paths are relative to the working folder (${cwd}); \
new URL("../strategy.js", import.meta.url) is relative to the test`);
    }
    const built = await build(path, { cwd });
    context = { bundle: built.bundled ? built.file : undefined, entry: built.entry, project: built.project };
    document.strategy = built.file;
  }
  if (document.tape) {
    document.tape = [document.tape].flat().map((tape) => (existsSync(resolve(cwd, tape)) ? resolve(cwd, tape) : tape));
  }
  return { document, context };
}

/** `{ code, stdout, stderr }` of `sandpit test -`. */
function ask(binary, document, { cwd, timeout, signal, env }) {
  return new Promise((answer, fail) => {
    const child = spawn(binary.path, ["test", "-", "--format", "json"], { cwd, env, signal, stdio: "pipe" });
    const texts = { stdout: "", stderr: "" };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(new SandpitError(`${binary.path} test did not answer within ${timeout / 1_000} s: raise it with run(scenario, { timeout })`));
    }, timeout);
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text) => (texts[name] += text));
    }
    child.on("error", (error) => {
      clearTimeout(timer);
      fail(error.name === "AbortError" ? error : new SandpitError(`${binary.path} (from ${binary.from}) cannot be started: ${error.message}`));
    });
    child.on("close", (code, killed) => {
      clearTimeout(timer);
      answer({ code: code ?? killed, ...texts });
    });
    // A program that ends without reading is told of by what it said.
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(document, (_, value) => (typeof value === "bigint" ? String(value) : value)));
  });
}

/** The one result in what the program said. */
function answered({ code, stdout, stderr }, binary, context) {
  let answer;
  try {
    answer = JSON.parse(stdout);
  } catch {
    answer = undefined;
  }
  const result = answer?.scenarios?.[0];
  if (!result || typeof result.ok !== "boolean") {
    const said = [stderr.trim(), stdout.trim().slice(0, 500)].filter(Boolean).join("\n");
    // Its own words about the scenario (a misspelt key, a tape that is not there) need no introduction.
    if (code === 2 && stderr.startsWith("sandpit: ")) throw new SandpitError(stderr.trim().slice("sandpit: ".length));
    throw new SandpitError(`${binary.path} (from ${binary.from}) did not answer as \`sandpit test\` does: it ended with ${code}\n${said}
Is it a Sandpit of another version than this package?`);
  }
  if (result.diagnostics?.length > 0) {
    throw new StrategyError(told(result, context), { result, ...blamed(result, context) });
  }
  return whole(result, context);
}

/** A result has everything that its type says, also when `create` threw: the program then tells of the exception alone. */
function whole(result, { cwd, document, entry }) {
  if (result.strategy) return result;
  const strategy = {
    name: entry ? relative(cwd, entry) : document.strategy,
    tag: null,
    hash: "",
    engineHash: "",
    config: document.config ?? {},
  };
  const nothing = { orders: [], fills: [], log: [], fuel: {}, calls: [], peakMemoryBytes: 0, faults: [], positions: {}, saved: null };
  return { ...nothing, failures: [], exceptions: [], exceptionCount: 0, strategy, ...result };
}

/** What went wrong, in words. */
function told(result, context) {
  const texts = [];
  for (const diagnostic of result.diagnostics ?? []) {
    const where = place(diagnostic, context);
    const shown = excerpt(diagnostic, context) || diagnostic.excerpt;
    const hint = diagnostic.hint && `hint: ${diagnostic.hint}`;
    const stage = { compile: "syntax error", execute: "error while it was evaluated", validation: "error in its metadata" };
    const message = `${where ? `${where}: ` : ""}${stage[diagnostic.stage] ?? diagnostic.stage}: ${diagnostic.message}`;
    texts.push([message, shown, hint].filter(Boolean).join("\n"));
  }
  for (const exception of result.exceptions ?? []) {
    const where = place(exception, context);
    const head = `${where ? `${where}: ` : ""}${exception.message} (in ${exception.handler})`;
    texts.push([head, excerpt(exception, context)].filter(Boolean).join("\n"));
  }
  const more = (result.exceptionCount ?? 0) - (result.exceptions?.length ?? 0);
  if (more > 0) texts.push(`and ${more} more exceptions`);
  for (const fault of result.faults ?? []) texts.push(`fault: ${fault.message ?? fault.code}`);
  for (const failure of result.failures ?? []) texts.push(expected(failure));
  const name = result.strategy?.name ?? "the strategy";
  return [`${name} did not pass${result.name ? ` "${result.name}"` : ""}`, ...texts].join("\n");
}

function expected({ at, message, expected, actual }) {
  const figures = expected === undefined && actual === undefined ? "" : `\n  expected ${JSON.stringify(expected)}\n  actual   ${JSON.stringify(actual)}`;
  return `${at}: ${message}${figures}`;
}

/** What programs and test runners read: the first places as lines of a stack, expected and actual for a difference. */
function blamed(result, context) {
  const named = [
    ...(result.diagnostics ?? []).map((diagnostic) => [`<${diagnostic.stage}>`, diagnostic]),
    ...(result.exceptions ?? []).map((exception) => [exception.handler, exception]),
  ];
  const frames = named.slice(0, 3).map(([name, position]) => frame(name, position, context)).filter(Boolean);
  const positions = named.map(([, position]) => ({ ...position, file: locate(position.file, context) ?? position.file }));
  const difference = result.failures?.length === 1 && named.length === 0 ? result.failures[0] : undefined;
  return {
    frames,
    positions,
    ...(difference && difference.expected !== undefined && { expected: difference.expected, actual: difference.actual }),
  };
}
