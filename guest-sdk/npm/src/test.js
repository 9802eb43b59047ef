// The test harness: scenarios that run the real component, under the limits of production, through the program `sandpit`.
export { SandpitError, StrategyError } from "./errors.js";
export { run } from "./run.js";
export { Scenario, scenario } from "./scenario.js";
