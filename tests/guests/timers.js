// Well-behaved: one timeout, one interval that ends itself, one timer that is cleared, arguments handed on.
// Expect: timer: logs tick 1 after 500 ms, tick 2 after 1000 ms, once a b after 1200 ms, tick 3 after 1500 ms
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
