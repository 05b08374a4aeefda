// The discriminator of MODIS: what it makes of latent rows of all modalities, and the slopes of its losses.
import type { Weights } from "../model/autoencoder.js";
import { discriminatorLayers, type ModisSpec } from "../model/modis.js";
import { type Chain, makeChain } from "./chain.js";
import type { MakeDense, Settlement, Table } from "./dense.js";
import { clusteringLoss } from "./divergence.js";
import { adversarial, crossEntropy } from "./modis-losses.js";

/** Latent rows of one modality with their classes, -1 where unknown. */
export interface LatentRows {
  readonly latent: Table;
  readonly classes: ArrayLike<number>;
}

/** Each summed over modalities. */
export interface DiscriminatorLosses {
  readonly adversarial: number;
  readonly classes: number;
  readonly clustering: number;
}

export interface Judged {
  readonly losses: DiscriminatorLosses;
  /** Settles the discriminator's gradients, and gives the slopes with respect to each modality's latent rows. */
  back(settlement: Settlement): Promise<Table[]>;
}

export interface Discriminator {
  /** Judges latent rows by modality. `forGenerators` asks how well every wrong modality is believed. */
  judge(parts: readonly LatentRows[], forGenerators: boolean): Promise<Judged>;
  read(): Promise<Map<string, Float32Array>>;
  dispose(): void;
}

/** Builds the discriminator from its weights. */
export function makeDiscriminator(
  spec: ModisSpec,
  weights: Weights,
  make: MakeDense,
): Discriminator {
  const layers = discriminatorLayers(spec);
  const trunk = makeChain(layers.trunk, weights, make);
  const modality = makeChain([layers.modality], weights, make);
  const label = makeChain([layers.label], weights, make);
  const chains: readonly Chain[] = [trunk, modality, label];
  return {
    async judge(parts, forGenerators) {
      const hidden = await trunk.forward(stackRows(parts.map(({ latent }) => latent)), true);
      const onModality = await modality.forward(hidden.out, true);
      const onLabel = await label.forward(hidden.out, true);
      const losses = { adversarial: 0, classes: 0, clustering: 0 };
      const slopes = [onModality, onLabel, hidden].map(({ out }) => emptyLike(out));
      let start = 0;
      parts.forEach(({ latent, classes }, m) => {
        const { rows } = latent;
        const [modalities, labels, units] = [onModality, onLabel, hidden].map(({ out }) =>
          rowsOf(out, start, rows),
        );
        const foe = adversarial(modalities, rows, m, forGenerators);
        const friend = crossEntropy(labels, classes);
        const cluster = clusteringLoss(units, labels, rows);
        losses.adversarial += foe.loss;
        losses.classes += friend.loss;
        losses.clustering += cluster.loss;
        rowsOf(slopes[0], start, rows).set(foe.slope);
        rowsOf(slopes[1], start, rows).set(friend.slope.map((s, i) => s + cluster.logits[i]));
        rowsOf(slopes[2], start, rows).set(cluster.hidden);
        start += rows;
      });
      return {
        losses,
        async back(settlement) {
          const below = [
            await onModality.back(slopes[0], settlement),
            await onLabel.back(slopes[1], settlement),
            slopes[2],
          ];
          const slope = await hidden.back(addTables(below), settlement);
          let from = 0;
          return parts.map(({ latent: { rows, columns } }) => {
            const values = rowsOf(slope, from, rows);
            from += rows;
            return { rows, columns, values };
          });
        },
      };
    },
    async read() {
      const read = await Promise.all(chains.map((chain) => chain.read()));
      return new Map(read.flatMap((weights) => [...weights]));
    },
    dispose() {
      for (const chain of chains) chain.dispose();
    },
  };
}

/** Adds tables of one shape. */
export function addTables(tables: readonly Table[]): Table {
  const [first, ...others] = tables;
  const values = first.values.slice();
  for (const other of others) {
    for (let i = 0; i < values.length; i++) values[i] += other.values[i];
  }
  return { rows: first.rows, columns: first.columns, values };
}

function stackRows(tables: readonly Table[]): Table {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const [{ columns }] = tables;
  const values = new Float32Array(rows * columns);
  let at = 0;
  for (const table of tables) {
    values.set(table.values, at);
    at += table.values.length;
  }
  return { rows, columns, values };
}

function emptyLike({ rows, columns, values }: Table): Table {
  return { rows, columns, values: new Float32Array(values.length) };
}

/** A view. */
function rowsOf({ columns, values }: Table, start: number, rows: number): Float32Array {
  return values.subarray(start * columns, (start + rows) * columns);
}
