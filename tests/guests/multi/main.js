// Well-behaved: a revision of several files: this one, a library, and two that need each other.
// Expect: launch: logs lib 3 once, cycle a>b>a, then module_not_found for every path outside of the revision
const { add, loadedTimes } = require("./lib.js");
const again = require("./lib"); // the ending may be left out
const cycle = require("./cycle-a.js");
module.exports = {
  metadata: { name: "multi", tag: "v1.0.0", displayName: "Several files", events: ["Trade"] },
  create({ helpers }) {
    helpers.log("lib", add(1, 2), again.add === add && loadedTimes() === 1 ? "once" : "twice");
    helpers.log("cycle", cycle.path());
    for (const path of ["./missing.js", "../outside.js", "./../../lib.js", "/etc/passwd", "fs", "lib.js"]) {
      try {
        helpers.log(path, typeof require(path));
      } catch (error) {
        helpers.log(path, error.code);
      }
    }
    return {};
  },
};
