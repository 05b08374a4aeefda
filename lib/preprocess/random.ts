// Randomness under the name that the rooms after this one know it by; the simulated cohort draws from it too.
export * from "../cohort/random.js";
