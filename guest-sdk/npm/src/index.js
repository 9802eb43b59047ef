// What a strategy itself may import: it is bundled into the one file that runs in the sandbox, so it stays this small.

/** Gives the strategy back as it is. It is there for its types: see index.d.ts. */
export const defineStrategy = (strategy) => strategy;
