// Misdeed: metadata that is a proxy, and throws when one looks at its events. (T15)
// Expect: upload: diagnostic validation|execute
const metadata = { name: "metadata-proxy", tag: "v1.0.0", displayName: "Proxy", events: ["Trade"] };
module.exports = {
  metadata: new Proxy(metadata, {
    get(target, key) {
      if (key === "events") throw new TypeError("none of your business");
      return target[key];
    },
  }),
  create: () => ({}),
};
