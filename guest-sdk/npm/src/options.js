// What an author may say in an object: a misspelt key is told of, not dropped.

/** Gives the object back, `{}` when there is none. `what` is in front of what is said when it is not as it should be. */
export function known(what, given = {}, allowed, needed = []) {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const kind = given === null ? "null" : Array.isArray(given) ? "an array" : typeof given;
    throw new TypeError(`${what}: an object with ${allowed.join(", ")} is expected, not ${kind}`);
  }
  const other = Object.keys(given).find((key) => !allowed.includes(key));
  if (other) throw new TypeError(`${what}: there is no \`${other}\`, allowed are ${allowed.join(", ")}`);
  const missing = needed.find((key) => given[key] === undefined);
  if (missing) throw new TypeError(`${what}: \`${missing}\` is missing`);
  return given;
}

/** The options behind a step of a scenario or a stub. */
export const timing = (step, given) => known(`options of ${step}`, given, step === "trades" ? ["after", "every"] : ["after"]);
