// Misdeed: clears the screen, sets the title, reverses the text and forges a second line. (J36)
// Expect: trade: logs one line, all control characters escaped
module.exports = {
  metadata: { name: "log-injection", tag: "v1.0.0", displayName: "Log injection", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      helpers.log("before\x1b[2J\x1b]0;pwned\x07\u202e\u2066\u0085\u2028\0\r\nERROR forged line");
    },
  }),
};
