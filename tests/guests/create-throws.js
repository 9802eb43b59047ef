// Misdeed: `create` throws.
// Expect: launch: exception Error: threshold must be positive (handler create, line 6)
module.exports = {
  metadata: { name: "create-throws", tag: "v1.0.0", displayName: "Throwing create", events: ["Trade"] },
  create() {
    throw new Error("threshold must be positive");
  },
};
