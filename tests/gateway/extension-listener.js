// Extension listener, in the gateway's style: logs the JSON of every extension payload.
module.exports = {
  metadata: {
    name: "extension-listener",
    tag: "1.0.0",
    displayName: "Extension Listener",
    description: "Logs extension events.",
    config: [
      { name: "log_prefix", type: "string", description: "In front of every line", default: "[ExtensionListener] ", required: false },
      { name: "dry_run", type: "bool", description: "No effect", default: true, required: false },
    ],
    events: ["Extension"],
  },

  create(env) {
    const { log } = env.helpers;
    const configured = (env.config || {}).log_prefix;
    const prefix = typeof configured === "string" && configured.trim() !== "" ? configured : "[ExtensionListener] ";

    return {
      // Anything that JavaScript takes for true.
      wantsCrossProviderEvents: 1,

      onExtensionEvent(ctx, evt, payload) {
        log(prefix + JSON.stringify(payload === undefined ? null : payload));
      },
    };
  },
};
