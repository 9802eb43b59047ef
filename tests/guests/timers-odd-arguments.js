// Misdeed: timers with odd delays and odd callbacks.
// Expect: launch: logs one line per call: set, or the name of an error; none is a fault
const CALLS = [
  [() => {}, NaN], [() => {}, -1], [() => {}, Infinity], [() => {}, "soon"], [() => {}], ["helpers.log(1)", 10], [null, 10], [],
];
module.exports = {
  metadata: { name: "timers-odd-arguments", tag: "v1.0.0", displayName: "Odd timers", events: ["Trade"] },
  create({ helpers }) {
    CALLS.forEach((call, i) => {
      let outcome = "set";
      try {
        clearTimeout(setTimeout(...call));
      } catch (error) {
        outcome = error.name;
      }
      helpers.log(`${i}: ${outcome}`);
    });
    clearTimeout(4_294_967_296);
    clearTimeout("nothing");
    clearInterval(undefined);
    return {};
  },
};
