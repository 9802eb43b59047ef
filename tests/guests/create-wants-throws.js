// Misdeed: throws when asked whether it wants several providers: that counts as no.
// Expect: launch: runs
module.exports = {
  metadata: { name: "create-wants-throws", tag: "v1.0.0", displayName: "Throwing answer", events: ["Trade"] },
  create: () => ({
    wantsCrossProviderEvents() {
      throw new Error("do not ask");
    },
  }),
};
