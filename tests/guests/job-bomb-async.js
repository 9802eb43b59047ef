// Misdeed: an async function that awaits nothing, for ever. (J22)
// Expect: trade: fault job_limit|fuel_exhausted
module.exports = {
  metadata: { name: "job-bomb-async", tag: "v1.0.0", displayName: "Endless await", events: ["Trade"] },
  create: () => ({
    async onTrade() {
      while (true) await 0;
    },
  }),
};
