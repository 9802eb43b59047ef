// Misdeed: `create` returns null, which ended the gateway's process. (J54)
// Expect: launch: exception TypeError: create must return an object with handlers
module.exports = {
  metadata: { name: "create-returns-null", tag: "v1.0.0", displayName: "Null handlers", events: ["Trade"] },
  create: () => null,
};
