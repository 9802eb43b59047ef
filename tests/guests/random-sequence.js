// No misdeed: writes its random numbers down. (J57)
// Expect: trade: logs random <five numbers>: equal for equal seeds, different for different ones
module.exports = {
  metadata: { name: "random-sequence", tag: "v1.0.0", displayName: "Random numbers", events: ["Trade"] },
  create({ helpers }) {
    const write = (where) => helpers.log(where, "random", Array.from({ length: 5 }, Math.random).join(" "));
    write("create");
    return { onTrade: () => write("trade") };
  },
};
