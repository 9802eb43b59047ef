// Misdeed: keeps a megabyte more, and more, in one handler. (J15)
// Expect: trade: exception|fault memory_exhausted
module.exports = {
  metadata: { name: "allocate-endless", tag: "v1.0.0", displayName: "Endless allocation", events: ["Trade"] },
  create: () => ({
    onTrade() {
      const hoard = [];
      while (true) hoard.push(new Uint8Array(1 << 20));
    },
  }),
};
