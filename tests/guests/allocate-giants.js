// Misdeed: asks for single values that are far larger than its memory. (J16, J18)
// Expect: trade: logs one line per attempt, each naming an error; none is a fault
const ATTEMPTS = {
  "Uint8Array 2 GiB": () => new Uint8Array(2 ** 31),
  "repeat 1 GiB": () => "a".repeat(2 ** 30),
  "padStart 1 GB": () => "a".padStart(1e9),
  "BigInt 2^2^40": () => 2n ** (2n ** 40n),
  "array of 2^32": () => new Array(2 ** 32),
};
module.exports = {
  metadata: { name: "allocate-giants", tag: "v1.0.0", displayName: "Giant values", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      for (const [name, attempt] of Object.entries(ATTEMPTS)) {
        let outcome = "allowed";
        try {
          attempt();
        } catch (error) {
          outcome = error === null ? "null" : error.name; // the engine may be too short of memory even for an Error
        }
        helpers.log(`${name}: ${outcome}`);
      }
    },
  }),
};
