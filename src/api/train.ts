export { train } from '../use-cases/train/train.ts';
export type { TrainOptions } from '../use-cases/train/train.ts';
export type { CheckpointChoice } from '../use-cases/train/checkpoint.ts';
export { dataStudy } from '../use-cases/train/study.ts';
export type {
  DataStudy,
  StudiedModel,
  StudyCell,
  StudyEvent,
  StudyOptions,
  StudyPoint,
} from '../use-cases/train/study.ts';
export { NAMED_NETWORKS } from '../use-cases/train/network.ts';
export type { NetworkName, NetworkChoice, ResNetChoice, ViTChoice } from '../use-cases/train/network.ts';
export type { RecipeOptions } from '../use-cases/train/recipe.ts';
export type { RunOptions, TrainEvent, TrainResult } from '../use-cases/train/run.ts';
