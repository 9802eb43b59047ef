// Misdeed: a promise job that makes the next one, for ever. (J21)
// Expect: trade: fault job_limit|fuel_exhausted
const again = () => Promise.resolve().then(again);
module.exports = {
  metadata: { name: "job-bomb", tag: "v1.0.0", displayName: "Job bomb", events: ["Trade"] },
  create: () => ({ onTrade: () => void again() }),
};
