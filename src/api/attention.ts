export { explorerPage } from '../use-cases/attention/explorer.ts';
export type { ExploreOptions } from '../use-cases/attention/explorer.ts';
export type { StepsPlace } from '../use-cases/attention/steps.ts';
export { drawMaps } from '../use-cases/attention/figure.ts';
export type { DrawnMaps, FigureStyle } from '../use-cases/attention/figure.ts';
export { ATTENTION_METHODS, methodsFor } from '../use-cases/attention/methods.ts';
export type {
  AttentionMap,
  AttentionMaps,
  AttentionMethod,
  AttentionOptions,
  ViewPlace,
} from '../use-cases/attention/methods.ts';
export { FILLS } from '../image/fills.ts';
export type { Fill } from '../image/fills.ts';
export type { HeadStatistics } from '../attribution/head-statistics.ts';
export { HEAD_FUSIONS } from '../attribution/heads.ts';
export type { HeadFusion } from '../attribution/heads.ts';
export { nameOfToken } from '../attribution/token-grid.ts';
export type { TokenGrid, TokenName } from '../attribution/token-grid.ts';
export type { Embeddings } from '../use-cases/embeddings.ts';
export type {
  CurveScore,
  Faithfulness,
  FaithfulnessOptions,
  MethodScore,
} from '../use-cases/attention/faithfulness.ts';
export type { ExplorerData } from '../report/explorer/explorer-data.ts';
export { COLOUR_MAPS } from '../report/figure/colour-map.ts';
export type { ColourMapName, Range } from '../report/figure/colour-map.ts';
export { FIGURE_THEMES } from '../report/figure/figure.ts';
export type { FigureTheme } from '../report/figure/figure.ts';
export { UPSAMPLINGS } from '../report/figure/heat-map.ts';
export type { Upsampling } from '../report/figure/heat-map.ts';
export { npyFile } from '../report/npy.ts';
