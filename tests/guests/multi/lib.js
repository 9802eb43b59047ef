// Part of multi/main.js: a module is evaluated once, however often it is required.
globalThis.libLoaded = (globalThis.libLoaded ?? 0) + 1;
exports.loadedTimes = () => globalThis.libLoaded;
exports.add = (a, b) => a + b;
