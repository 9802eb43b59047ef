// Misdeed: logs while it is loaded, when there is no instance whose log it could be.
// Expect: upload: accepted (the line goes nowhere)
console.log("nobody should hear this");
module.exports = {
  metadata: { name: "console-at-top-level", tag: "v1.0.0", displayName: "Early console", events: ["Trade"] },
  create: () => ({}),
};
