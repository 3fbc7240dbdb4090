import { ArgumentError } from '../errors.ts';
import type { Grid } from '../nn/blocks.ts';
import type { ViTConfig } from '../weights/architecture.ts';

/** The patch grid and the token counts that follow from a configuration. */
export interface Geometry {
  /** Rows and columns of patches. */
  readonly Gh: number;
  readonly Gw: number;
  /** Tokens before the patches: class token, distillation token, registers. */
  readonly numPrefixTokens: number;
  readonly numPatches: number;
  /** Prefix and patches: the N of every tensor [B, N, D]. */
  readonly numTokens: number;
  /** P²·C: the values of one flattened patch. */
  readonly patchDim: number;
  /** The values that the embedding takes of one patch: P²·C, or what a stem makes of them. */
  readonly featureDim: number;
}

/** @throws ArgumentError when the sides of the image are not multiples of the patch, or the patch none of the stem's stride. */
export function geometryOf(config: ViTConfig): Geometry {
  const { imageSize, patchSize, numChannels } = config;
  for (const side of [imageSize.height, imageSize.width]) {
    if (Number.isInteger(side) && side > 0 && side % patchSize === 0) continue;
    const got = `${imageSize.height}x${imageSize.width}`;
    throw new ArgumentError(`imageSize: expected sides that are multiples of the ${patchSize}-pixel patch, got ${got}`);
  }
  const Gh = imageSize.height / patchSize;
  const Gw = imageSize.width / patchSize;
  const { classToken, distillationToken, numRegisters } = config.prefix;
  const numPrefixTokens = Number(classToken) + Number(distillationToken) + numRegisters;
  return {
    Gh,
    Gw,
    numPrefixTokens,
    numPatches: Gh * Gw,
    numTokens: numPrefixTokens + Gh * Gw,
    patchDim: patchSize * patchSize * numChannels,
    featureDim: featureDimOf(config),
  };
}

function featureDimOf({ patchSize, numChannels, stem }: ViTConfig): number {
  const side = patchSize / 2 ** (stem?.widths.length ?? 0);
  if (!Number.isInteger(side)) {
    throw new ArgumentError(
      `stem: expected a patch that its ${stem?.widths.length} convolutions can halve each, got ${patchSize} pixels`,
    );
  }
  return side * side * (stem?.widths.at(-1) ?? numChannels);
}

/** The patches as the stem takes and gives them. */
export function stemGrid(config: ViTConfig): { readonly grid: Grid; readonly patchSize: number } {
  const { Gh, Gw } = geometryOf(config);
  return { grid: { Gh, Gw }, patchSize: config.patchSize };
}
