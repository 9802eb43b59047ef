// Misdeed: runs text as code. It gets no further than any other code. (J58)
// Expect: launch: logs <way>: this world, or the name of an error; never another one
const WAYS = {
  eval: () => (0, eval)("typeof process + typeof module"),
  Function: () => new Function("return typeof process + typeof module")(),
  constructor: () => (() => {}).constructor("return typeof process + typeof module")(),
  generator: () => Object.getPrototypeOf(function* () {}).constructor("yield typeof process")().next().value,
};
module.exports = {
  metadata: { name: "probes-eval", tag: "v1.0.0", displayName: "Eval", events: ["Trade"] },
  create({ helpers }) {
    for (const [name, way] of Object.entries(WAYS)) {
      let outcome;
      try {
        outcome = way();
      } catch (error) {
        outcome = error.name;
      }
      helpers.log(`${name}: ${outcome}`);
    }
    return {};
  },
};
