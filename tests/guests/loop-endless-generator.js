// Misdeed: collects a sequence that has no end. (J19)
// Expect: trade: exception|fault fuel_exhausted|memory_exhausted
function* forever() {
  while (true) yield 1;
}
module.exports = {
  metadata: { name: "loop-endless-generator", tag: "v1.0.0", displayName: "Endless generator", events: ["Trade"] },
  create: () => ({ onTrade: () => [...forever()] }),
};
