// Misdeed: has no `create`. (J54)
// Expect: launch: exception TypeError: export "create" not callable (at upload when `create` is tried there)
module.exports = {
  metadata: { name: "create-missing", tag: "v1.0.0", displayName: "No create", events: ["Trade"] },
};
