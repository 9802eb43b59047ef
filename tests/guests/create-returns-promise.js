// Misdeed: `create` is async, so that its handlers arrive later, which is never. (J54)
// Expect: launch: exception TypeError: create must return the handler object itself, not a promise
module.exports = {
  metadata: { name: "create-returns-promise", tag: "v1.0.0", displayName: "Async create", events: ["Trade"] },
  create: async () => ({ onTrade() {} }),
};
