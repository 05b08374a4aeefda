// Exercises to spot-the-leak: eight small pipelines.
import type { Exercise } from "./exercise.js";

export const LEAKS: Readonly<Record<string, Exercise>> = {};
