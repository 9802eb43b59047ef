// Misdeed: is not JavaScript.
// Expect: upload: diagnostic compile (line 4)
module.exports = {
  metadata: { name: "syntax-error" tag: "v1.0.0" },
};
