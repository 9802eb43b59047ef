// Part of multi/main.js: needs cycle-b.js, which needs this file: each sees what the other has exported so far.
exports.name = "a";
const b = require("./cycle-b.js");
exports.path = () => `${exports.name}>${b.path()}`;
