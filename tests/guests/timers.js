// Well-behaved: one timeout, one interval that ends itself, one timer that is cleared, arguments handed on.
// Expect: timer: logs `tick 1 after`, `tick 2 after`, `once a b after`, `tick 3 after` (500, 1000, 1200, 1500 ms or a little more)
module.exports = {
  metadata: { name: "timers", tag: "v1.0.0", displayName: "Timers", events: ["Trade"] },
  create({ helpers }) {
    const start = Date.now();
    const say = (...what) => helpers.log(...what, `after ${Date.now() - start} ms`);

    let ticks = 0;
    const interval = setInterval(() => {
      say("tick", ++ticks);
      if (ticks === 3) clearInterval(interval);
    }, 500);
    setTimeout(say, 1_200, "once", "a", "b");
    clearTimeout(setTimeout(say, 100, "never"));
    return {};
  },
};
