// Misdeed: has no `create`. (J54)
// Expect: upload: diagnostic validation
module.exports = {
  metadata: { name: "create-missing", tag: "v1.0.0", displayName: "No create", events: ["Trade"] },
};
