// Misdeed: looks for a way out. (J58)
// Expect: launch: logs <name>: undefined for everything that could reach outside; require and import fail
const NAMES = [
  "process", "fetch", "XMLHttpRequest", "WebSocket", "Worker", "Atomics", "WebAssembly", "Deno", "Bun", "global",
  "std", "os", "bjson", "Javy", "Java", "load", "print", "scriptArgs", "readFile", "wasi", "gc",
];
module.exports = {
  metadata: { name: "probes", tag: "v1.0.0", displayName: "Probes", events: ["Trade"] },
  create({ helpers }) {
    for (const name of NAMES) helpers.log(`${name}: ${typeof globalThis[name]}`);
    for (const path of ["fs", "node:fs", "../registry.json", "/etc/passwd", "./missing.js"]) {
      try {
        helpers.log(`require ${path}: ${typeof require(path)}`);
      } catch (error) {
        helpers.log(`require ${path}: ${error.name}`);
      }
    }
    import("fs").then(
      () => helpers.log("import fs: loaded"),
      (error) => helpers.log(`import fs: ${error.name}`),
    );
    return {};
  },
};
