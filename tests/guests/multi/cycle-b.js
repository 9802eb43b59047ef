// Part of multi/main.js: the other half of the cycle.
const a = require("./cycle-a.js");
exports.name = "b";
exports.path = () => `${exports.name}>${a.name}`;
