/**
 * Extension listener: logs the payload of every extension event.
 *
 * Extension events carry any JSON value: a signal from a research process, a news flag, an operator's message. They
 * belong to a provider but to no symbol.
 */
module.exports = {
  metadata: {
    name: "extension-listener",
    tag: "v1.0.0",
    displayName: "Extension Listener",
    description: "Logs the JSON payload of every extension event.",
    config: [
      { name: "log_prefix", type: "string", default: "[ExtensionListener] ", description: "Put before every line, trimmed." },
      { name: "dry_run", type: "bool", default: true, description: "Has no effect: this strategy sends no orders." },
    ],
    events: ["Extension"],
  },

  create({ config, helpers }) {
    const prefix = config.log_prefix.trim();

    return {
      wantsCrossProviderEvents: true,
      onExtensionEvent: (ctx, evt, payload) => helpers.log(prefix, JSON.stringify(payload)),
    };
  },
};
