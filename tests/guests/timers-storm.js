// Misdeed: sixty-four timers, each as often as possible, each of which sets itself anew.
// Expect: timer: runs (no more often than once per millisecond; a neighbour keeps its event rate)
module.exports = {
  metadata: { name: "timers-storm", tag: "v1.0.0", displayName: "Timer storm", events: ["Trade"] },
  create() {
    const again = () => setTimeout(again, 0);
    for (let i = 0; i < 64; i++) again();
    return {};
  },
};
