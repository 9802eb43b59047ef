// Misdeed: throws a value that throws again when one looks at it, and a text of 1 MiB.
// Expect: trade: exception (at most 1,024 bytes of message; the next trade is delivered)
const evil = new Proxy({}, { get() { throw evil; }, getPrototypeOf() { throw evil; } });
let trades = 0;
let long = "x"; // Doubled, because `"x".repeat(1 << 20)` alone would cost more than an event has.
while (long.length < 1 << 20) long += long;
module.exports = {
  metadata: { name: "throw-hostile", tag: "v1.0.0", displayName: "Throws evil", events: ["Trade"] },
  create: () => ({
    onTrade() {
      trades += 1;
      throw trades % 2 === 1 ? evil : new Error(long);
    },
  }),
};
