// Misdeed: is an ECMAScript module; strategies are CommonJS scripts.
// Expect: upload: diagnostic compile (line 3)
export const metadata = { name: "syntax-esm", tag: "v1.0.0", displayName: "ESM", events: ["Trade"] };
export const create = () => ({});
