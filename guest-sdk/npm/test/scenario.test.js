// The builder writes the document that `sandpit test` takes: the real program says so, by SANDPIT_BIN or on the PATH.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { run, scenario } from "@sandpit/sdk/test";
import { STRATEGY, atPaper, byHand, inNumbers, ofTape, written } from "./everything.js";

const documentOf = (built) => JSON.parse(JSON.stringify(built));

test("everything that a scenario can say", () => {
  assert.deepEqual(documentOf(byHand), written);
  assert.deepEqual(documentOf(atPaper), {
    strategy: "strategy.js",
    venue: "paper",
    chaos: "seed=7,rejectPpm=1000,outageEvery=60s,outageFor=5s",
    providers: {
      paper: {
        symbols: ["BTC-USDT"], latencyMs: 20, makerFeeBps: 1, takerFeeBps: 2, slippageBps: 3, queue: "front",
        balances: { USDT: "1000", BTC: "0.5" }, priceIncrement: "0.1", quantityIncrement: "0.001",
      },
    },
    steps: [{ trades: ["100", "100.1"], every: "10ms" }],
    expect: { fuelBelow: 1_000_000, memoryBelow: 8_000_000 },
  });
  const small = scenario("s.js").trade(1e-7).acknowledge(0).expire({ reason: "over" }).cancelled();
  assert.deepEqual(documentOf(small).steps, [
    { trade: { price: "0.0000001" } }, { acknowledge: { order: 0 } }, { expire: { reason: "over" } }, { cancelled: {} },
  ]);
});

test("the program takes everything that a scenario can say, and it happens", async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), "sandpit-scenario-"));
  t.after(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, "strategy.js"), STRATEGY);
  for (const said of [byHand, written, atPaper, inNumbers, ofTape]) {
    const { ok, failures } = await run(said, { cwd });
    assert.deepEqual([ok, failures], [true, []]);
  }
});

test("what a step does not have is told of, not dropped", () => {
  const base = scenario("s.js");
  assert.throws(() => base.trades(["1"], { evry: "5s" }), { name: "TypeError", message: "options of trades: there is no `evry`, allowed are after, every" });
  assert.throws(() => base.fill({}, { every: "1s" }), { message: "options of fill: there is no `every`, allowed are after" });
  assert.throws(() => base.trade("1", "5s"), { message: "options of trade: an object with after is expected, not string" });
  assert.throws(() => base.restart(null), { message: /^options of restart: an object .* not null$/ });
  assert.deepEqual(documentOf(base.fill({}, { after: undefined })).steps, [{ fill: {} }]);
  return assert.rejects(base.run({ chekc: false }), { message: /^options of run: there is no `chekc`, allowed are check, / });
});

test("a scenario never changes: tests share a beginning", () => {
  const base = scenario("s.js").trade("100");
  const one = base.fill().config({ a: 1 });
  const other = base.reject("no");
  assert.deepEqual(documentOf(base), { strategy: "s.js", steps: [{ trade: { price: "100" } }] });
  assert.deepEqual(documentOf(one).steps.at(-1), { fill: {} });
  assert.deepEqual(documentOf(other).steps.at(-1), { reject: { reason: "no" } });
  assert.equal(documentOf(other).config, undefined);
});

test("paths may be URLs", () => {
  const here = new URL("../strategy.js", import.meta.url);
  assert.equal(documentOf(scenario(here)).strategy, fileURLToPath(here));
  assert.deepEqual(documentOf(scenario(here).tape(here, "t.tape")).tape, [fileURLToPath(here), "t.tape"]);
  assert.deepEqual(documentOf(scenario(here, { tape: "one.tape" }).tape("t.tape")).tape, ["one.tape", "t.tape"]);
});
