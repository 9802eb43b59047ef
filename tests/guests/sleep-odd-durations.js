// Misdeed: sleeps for things that are no durations: all return at once, as they did in the gateway. (J46)
// Expect: trade: logs `slept 0 ms`
module.exports = {
  metadata: { name: "sleep-odd-durations", tag: "v1.0.0", displayName: "Odd durations", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      const before = Date.now();
      for (const odd of ["20", "", "soon", "-5s", -1, NaN, -Infinity, null, undefined, true, {}, []]) helpers.sleep(odd);
      helpers.log(`slept ${Date.now() - before} ms`);
    },
  }),
};
