// Misdeed: writes a value that is nested 20,000 deep as JSON. (J10)
// Expect: trade: exception|fault fuel_exhausted (the search for cycles costs the square of the depth)
module.exports = {
  metadata: { name: "recursion-json-stringify", tag: "v1.0.0", displayName: "Nested JSON.stringify", events: ["Trade"] },
  create: () => ({
    onTrade() {
      let nested = [];
      for (let i = 0; i < 20_000; i++) nested = [nested];
      JSON.stringify(nested);
    },
  }),
};
