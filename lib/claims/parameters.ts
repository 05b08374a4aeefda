// Claims about the size of the model and of its comparator: Table 3, appendix A and section 5.
import {
  type AutoencoderSpec,
  countParameters,
  PAPER_MODEL,
  parametersOf,
  sizeOf,
} from "../model/autoencoder.js";
import { countModisParameters, DEFAULT_RATIOS } from "../model/modis.js";
import type { Claim } from "./claim.js";

/** The shape of the paper's model. Source: Table 3. */
export const PAPER_SHAPE = { features: 71_094, ...PAPER_MODEL, visible: null } as const;

/** As printed in the paper's Table 3. */
const TABLE_3: Readonly<Record<string, number>> = {
  "inp_lin.weight": 145_600_512,
  "inp_lin.bias": 2_048,
  "encoder_layers.0.weight": 4_194_304,
  "encoder_layers.0.bias": 2_048,
  "encoder_layers.1.weight": 4_194_304,
  "encoder_layers.1.bias": 2_048,
  "encoder_layers.2.weight": 4_194_304,
  "encoder_layers.2.bias": 2_048,
  "out_lin.weight": 145_600_512,
  "out_lin.bias": 71_094,
};

/** The narrowest and the widest model of the authors' search. Source: ccdderc/ARO@e3bb22a, sweep.yaml. */
const SWEEP = {
  smallest: { width: 512, hiddenLayers: 1 },
  largest: { width: 4096, hiddenLayers: 5 },
} as const;

/** Columns of RNA, protein and metabolite in the joined matrix. Source: ccdderc/ARO@e3bb22a. */
const MODALITIES = [50_455, 23_300, 247] as const;

/** A MODIS that keeps every column; ratios and latent size are options that its authors document. */
const REDUCED_MODIS = { ratios: [0.04, 0.02], latent: 64 } as const;

/** Lists the claims about parameter counts. */
export function parameterClaims(): Claim[] {
  return [...blockClaims(), ...totalClaims(), ...rangeClaims(), ...modisClaims()];
}

/** One block of Table 3 beside the same of another model. */
export interface BlockRow {
  readonly block: string;
  readonly paper: number | null;
  readonly shape: string;
  readonly parameters: number;
}

/** Lays the parameters of a model beside the paper's Table 3, and below them their sum. */
export function compareBlocks(spec: AutoencoderSpec): BlockRow[] {
  const blocks = parametersOf(spec).map(({ name, shape }) => ({
    ...{ block: name, paper: TABLE_3[name] ?? null },
    ...{ shape: shape.join(" x "), parameters: sizeOf(shape) },
  }));
  const paper = Object.values(TABLE_3).reduce((total, size) => total + size, 0);
  return [...blocks, { block: "all", paper, shape: "", parameters: countParameters(spec) }];
}

function blockClaims(): Claim[] {
  return parametersOf(PAPER_SHAPE).map(({ name, shape }) => ({
    id: `table3-${name}`,
    where: "Table 3",
    what: `parameters of ${name} (${shape.join(", ")})`,
    value: TABLE_3[name],
    printed: count(TABLE_3[name]),
    kind: "arithmetic",
    find: () => ({ ours: count(sizeOf(shape)), holds: sizeOf(shape) === TABLE_3[name] }),
  }));
}

function totalClaims(): Claim[] {
  return [
    {
      id: "parameters",
      where: "Appendix A",
      what: "trainable parameters",
      value: 303.9e6,
      printed: "~303.9 M",
      kind: "arithmetic",
      find: () => {
        const total = countParameters(PAPER_SHAPE);
        return { ours: count(total), holds: near(total, 303.9e6, 0.1e6) };
      },
    },
    {
      id: "no-batch-normalization",
      where: "Appendix B",
      what: "batch normalization",
      value: null,
      printed: "none",
      kind: "consistency",
      find: () => {
        const sum = Object.values(TABLE_3).reduce((total, size) => total + size, 0);
        return {
          ours: `Table 3's blocks of weights and biases add up to ${count(sum)}, the total`,
          holds: near(sum, 303.9e6, 0.1e6),
        };
      },
    },
  ];
}

function rangeClaims(): Claim[] {
  const ends = [
    { id: "range-smallest", value: 50e6, unit: 10e6, end: SWEEP.smallest },
    { id: "range-largest", value: 700e6, unit: 100e6, end: SWEEP.largest },
  ];
  return ends.map(({ id, value, unit, end }) => ({
    id,
    where: "Section 5",
    what: `${id === "range-smallest" ? "smallest" : "largest"} model of the range that was tried`,
    value,
    printed: `≈ ${value / 1e6} M`,
    kind: "arithmetic",
    find: () => {
      const size = countParameters({ ...PAPER_SHAPE, ...end });
      return {
        ours: `${(size / 1e6).toFixed(0)} M at an end of the code's search: ${count(end.width)} wide, ${end.hiddenLayers} hidden`,
        holds: near(size, value, unit),
      };
    },
  }));
}

function modisClaims(): Claim[] {
  const billions = (size: number) => (size / 1e9).toFixed(2);
  return [
    {
      id: "modis-parameters",
      where: "Section 5",
      what: "parameters of MODIS on these data",
      value: 22e9,
      printed: "≈ 22 B",
      kind: "arithmetic",
      find: () => {
        const size = countModis(DEFAULT_RATIOS, 256);
        return { ours: `${billions(size)} B at its default ratios`, holds: near(size, 22e9, 1e9) };
      },
    },
    {
      id: "modis-reduced",
      where: "Section 5",
      what: "a smaller MODIS",
      value: null,
      printed: "“would have required discarding a substantial portion of the omics set”",
      kind: "arithmetic",
      find: () => {
        const size = countModis(REDUCED_MODIS.ratios, REDUCED_MODIS.latent);
        const columns = MODALITIES.reduce((sum, features) => sum + features, 0);
        return {
          ours:
            `${billions(size)} B with all ${count(columns)} columns at ratios ${REDUCED_MODIS.ratios.join(", ")} ` +
            `and a latent space of ${REDUCED_MODIS.latent}, fewer than ARO's`,
          holds: size > countParameters(PAPER_SHAPE),
        };
      },
    },
  ];
}

/** Parameters of MODIS on the paper's modalities, with the two classes of its downstream task. */
function countModis(ratios: readonly number[], latent: number): number {
  const modalities = MODALITIES.map((features, i) => ({ name: `${i}`, features, ratios }));
  return countModisParameters({ modalities, latent, classes: 2 });
}

/** Whether a number that the paper calls approximate is off by less than a unit of its last digit. */
function near(value: number, stated: number, unit: number): boolean {
  return Math.abs(value - stated) < unit;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
