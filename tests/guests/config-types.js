// Well-behaved: one config field of every type, with and without a default, logged as it arrives.
// Expect: launch: logs config <JSON with the defaults filled in>
module.exports = {
  metadata: {
    name: "config-types", tag: "v1.0.0", displayName: "Config types", events: ["Trade"],
    config: [
      { name: "text", type: "string", default: "a" },
      { name: "count", type: "int", default: 3 },
      { name: "ratio", type: "float", default: 0.5 },
      { name: "amount", type: "number", default: 10 },
      { name: "flag", type: "bool", default: false },
      { name: "wait", type: "duration", default: "1m30s" },
      { name: "nested", type: "object", default: { a: { b: 1 } } },
      { name: "list", type: "array", default: [1, "two", null] },
      { name: "optional", type: "int" },
      { name: "needed", type: "string", required: true },
    ],
  },
  create({ config, helpers }) {
    helpers.log("config", JSON.stringify(config));
    return {};
  },
};
