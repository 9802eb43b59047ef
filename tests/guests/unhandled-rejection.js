// Misdeed: lets a promise fail where nobody looks. (J23)
// Expect: trade: logs a warning that says `nobody listens`; no exception is counted
module.exports = {
  metadata: { name: "unhandled-rejection", tag: "v1.0.0", displayName: "Unhandled rejection", events: ["Trade"] },
  create: () => ({
    onTrade() {
      Promise.reject(new Error("nobody listens"));
    },
  }),
};
