// Misdeed: recurses without end, and counts on catching it, as authors may. (J07)
// Expect: trade: logs `caught RangeError`
const deeper = () => 1 + deeper();
module.exports = {
  metadata: { name: "recursion-caught", tag: "v1.0.0", displayName: "Caught recursion", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      try {
        deeper();
      } catch (error) {
        helpers.log("caught", error.name);
      }
    },
  }),
};
