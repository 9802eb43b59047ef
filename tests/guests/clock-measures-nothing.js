// Misdeed: tries to measure time by reading clocks around a long loop. (T11)
// Expect: trade: logs `elapsed 0 ms, 1 distinct time`
module.exports = {
  metadata: { name: "clock-measures-nothing", tag: "v1.0.0", displayName: "Stopwatch", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      const start = Date.now();
      const times = new Set();
      for (let i = 0; i < 1_000; i++) times.add(Date.now()).add(new Date().getTime()).add(Date.parse(new Date().toISOString()));
      const elsewhere = typeof performance === "undefined" ? 0 : performance.now() - performance.now();
      helpers.log(`elapsed ${Date.now() - start + elsewhere} ms, ${times.size} distinct time`);
    },
  }),
};
