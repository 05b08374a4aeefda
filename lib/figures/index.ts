// The door "aro/figures": a function for each figure, from plain rows, and what shows figures and tables.

// Showing figures and tables in a notebook.

export { type Figure, paperFigure } from "./figure.js";
export { saveFigure } from "./save.js";
export { showFigure } from "./show.js";
export { showTable } from "./table.js";

// The figures.

export { accuracyFigure } from "./accuracy.js";
export { bestSoFarFigure } from "./best-so-far.js";
export { cohortFigure } from "./cohort.js";
export { confusionFigure } from "./confusion.js";
export { correlationFigure } from "./correlation.js";
export { curvesFigure } from "./curves.js";
export { densityFigure } from "./density.js";
export { differencesFigure, splitsFigure } from "./differences.js";
export { hiddenCellsFigure } from "./hidden-cells.js";
export { labelsFigure } from "./labels.js";
export { latentFigure } from "./latent.js";
export { overviewFigure } from "./overview.js";
export { parallelFigure } from "./parallel.js";
export { preprocessingFigure } from "./preprocessing.js";
export { reliabilityFigure } from "./reliability.js";
export { setsFigure } from "./sets.js";
export { skillFigure } from "./skill.js";
export { splitFigure } from "./split.js";
export { trainingFigure } from "./training.js";
