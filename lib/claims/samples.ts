// Claims about the samples and features: section 3 and Table 6.
import type { Claim } from "./claim.js";
import { PAPER_SHAPE } from "./parameters.js";

/** Table 6 as printed: the samples and features of each table of the two cohorts. */
const TABLE_6 = [
  { cohort: "Li et al. 2024", modality: "transcriptomics", samples: 108, features: 45_886 },
  { cohort: "Li et al. 2024", modality: "proteomics", samples: 109, features: 10_998 },
  { cohort: "Li et al. 2024", modality: "metabolomics", samples: 87, features: 67 },
  { cohort: "Wang et al. 2021", modality: "transcriptomics", samples: 240, features: 26_941 },
  { cohort: "Wang et al. 2021", modality: "proteomics", samples: 333, features: 12_309 },
  { cohort: "Wang et al. 2021", modality: "metabolomics", samples: 36, features: 216 },
] as const;

/** Section 3: the joined matrix. */
const JOINED = { samples: 115, features: 74_002 } as const;

/** The first column after the transcriptomics in the joined matrix. Source: ccdderc/ARO@e3bb22a, src/models.py. */
const FIRST_PROTEIN = 50_455;

/** Lists the claims about what was measured. */
export function sampleClaims(): Claim[] {
  return [
    {
      id: "samples-joined",
      where: "Section 3",
      what: "samples of the joined matrix",
      value: JOINED.samples,
      printed: count(JOINED.samples),
      kind: "data",
      find: () => ({ ours: `Table 6 allows at most ${count(mostSamples())}`, holds: null }),
    },
    {
      id: "features-joined",
      where: "Section 3",
      what: "columns of the joined matrix",
      value: JOINED.features,
      printed: count(JOINED.features),
      kind: "data",
      find: () => {
        const [low, high] = unionOf(TABLE_6.map(({ modality }) => modality));
        return { ours: `Table 6 allows ${count(low)} to ${count(high)}`, holds: null };
      },
    },
    {
      id: "features-unified",
      where: "Appendix A",
      what: "columns that the model starts from",
      value: JOINED.features,
      printed: count(JOINED.features),
      kind: "consistency",
      find: () => ({
        ours: `Table 3 has ${count(PAPER_SHAPE.features)} input columns`,
        holds: Number(PAPER_SHAPE.features) === JOINED.features,
      }),
    },
    {
      id: "row-is-patient",
      where: "Section 3",
      what: "what a row of the matrix is",
      value: null,
      printed: "“each row to a patient”",
      kind: "consistency",
      // Both sentences stand in section 3; a patient with a tumor and a normal sample fills two rows.
      find: () => ({ ours: "section 3: “tumor and normal paired samples”", holds: false }),
    },
    {
      id: "identifiers-harmonized",
      where: "Section 3",
      what: "feature identifiers of the two cohorts",
      value: null,
      printed: "“harmonized to ENSG gene IDs”",
      kind: "code",
      find: () => {
        const shared = mostSharedProteins();
        const fewer = Math.min(...featuresOf("proteomics"));
        // Two deep proteomes in one naming share thousands of proteins; a hundredth would be an accident of names.
        return {
          ours: `Table 6 and the code's first protein column leave at most ${shared} of ${count(fewer)} proteins in common`,
          holds: shared > fewer / 100,
        };
      },
    },
    ...TABLE_6.flatMap(({ cohort, modality, ...sizes }, i) =>
      (["samples", "features"] as const).map(
        (what): Claim => ({
          id: `table6-${i}-${what}`,
          where: "Table 6",
          what: `${cohort}, ${modality}: ${what}`,
          value: sizes[what],
          printed: count(sizes[what]),
          kind: "data",
          find: () => ({ ours: "–", holds: null }),
        }),
      ),
    ),
  ];
}

/** A sample of the joined matrix is in every modality, so the modality with the fewest bounds their number. */
function mostSamples(): number {
  const modalities = [...new Set(TABLE_6.map(({ modality }) => modality))];
  return Math.min(
    ...modalities.map((name) =>
      TABLE_6.filter(({ modality }) => modality === name).reduce((n, row) => n + row.samples, 0),
    ),
  );
}

/** The least and the most columns that the two cohorts' tables can make when joined, over some modalities. */
function unionOf(modalities: readonly string[]): [low: number, high: number] {
  const sizes = [...new Set(modalities)].map(featuresOf);
  return [
    sizes.reduce((sum, pair) => sum + Math.max(...pair), 0),
    sizes.reduce((sum, pair) => sum + pair[0] + pair[1], 0),
  ];
}

/** Both cohorts' proteins less the columns that are left for proteins beside RNA and the fewest metabolites. */
function mostSharedProteins(): number {
  const [, both] = unionOf(["proteomics"]);
  const [, metabolites] = unionOf(["metabolomics"]);
  return both - (JOINED.features - FIRST_PROTEIN - metabolites);
}

function featuresOf(name: string): number[] {
  return TABLE_6.filter(({ modality }) => modality === name).map(({ features }) => features);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
