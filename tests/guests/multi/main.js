// Well-behaved: a revision of several files: this one, a library, and two that need each other.
// Expect: launch: logs lib 3 once, cycle a>b>a, then an error's name for every path outside of the revision
const { add, loadedTimes } = require("./lib.js");
const again = require("./lib.js");
const cycle = require("./cycle-a.js");
module.exports = {
  metadata: { name: "multi", tag: "v1.0.0", displayName: "Several files", events: ["Trade"] },
  create({ helpers }) {
    helpers.log("lib", add(1, 2), again.add === add && loadedTimes() === 1 ? "once" : "twice");
    helpers.log("cycle", cycle.path());
    for (const path of ["./missing.js", "../outside.js", "/etc/passwd", "fs", "lib.js", "./lib"]) {
      try {
        helpers.log(path, typeof require(path));
      } catch (error) {
        helpers.log(path, error.name);
      }
    }
    return {};
  },
};
