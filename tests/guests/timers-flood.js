// Misdeed: sets timers without end.
// Expect: launch: logs `timers: 64`, then `too_many_timers`
module.exports = {
  metadata: { name: "timers-flood", tag: "v1.0.0", displayName: "Timer flood", events: ["Trade"] },
  create({ helpers }) {
    let set = 0;
    try {
      for (; set < 10_000; set++) setTimeout(() => {}, 60_000);
      helpers.log(`timers: ${set}`);
    } catch (error) {
      helpers.log(`timers: ${set}, then ${error.code}`);
    }
    return {};
  },
};
