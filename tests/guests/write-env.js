// Misdeed: writes into everything that it was given. (J30)
// Expect: launch: logs <part>: TypeError for every part: env and what it holds is frozen
module.exports = {
  metadata: {
    name: "write-env", tag: "v1.0.0", displayName: "Writes env", events: ["Trade"],
    config: [{ name: "limits", type: "object", default: { deep: { er: 1 } } }],
  },
  create(env) {
    const { config, metadata, events, helpers, runtime } = env;
    const parts = { env, config, nested: config.limits.deep, metadata, events, helpers, runtime };
    for (const [name, part] of Object.entries(parts)) {
      let outcome = "written";
      try {
        part.injected = true;
      } catch (error) {
        outcome = error.name;
      }
      helpers.log(`${name}: ${outcome}`);
    }
    return {};
  },
};
