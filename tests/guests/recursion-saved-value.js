// Misdeed: hands a value that is nested 20,000 deep to helpers, which must walk it.
// Expect: trade: fault fuel_exhausted (the search for cycles costs the square of the depth)
module.exports = {
  metadata: { name: "recursion-saved-value", tag: "v1.0.0", displayName: "Nested arguments", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      let nested = [];
      for (let i = 0; i < 20_000; i++) nested = [nested];
      for (const name of ["save", "log"]) {
        try {
          helpers[name](nested);
          helpers.log(name, "returned");
        } catch (error) {
          helpers.log(name, error.name);
        }
      }
    },
  }),
};
