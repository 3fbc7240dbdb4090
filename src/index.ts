export { explorerPage } from './use-cases/attention/explorer.ts';
export type { ExploreOptions } from './use-cases/attention/explorer.ts';
export type { StepsPlace } from './use-cases/attention/steps.ts';
export { drawMaps } from './use-cases/attention/figure.ts';
export type { DrawnMaps, FigureStyle } from './use-cases/attention/figure.ts';
export { ATTENTION_METHODS, methodsFor } from './use-cases/attention/methods.ts';
export type {
  AttentionMap,
  AttentionMaps,
  AttentionMethod,
  AttentionOptions,
  ViewPlace,
} from './use-cases/attention/methods.ts';
export { FILLS } from './image/fills.ts';
export type { Fill } from './image/fills.ts';
export type { HeadStatistics } from './attribution/head-statistics.ts';
export { HEAD_FUSIONS } from './attribution/heads.ts';
export type { HeadFusion } from './attribution/heads.ts';
export { nameOfToken } from './attribution/token-grid.ts';
export type { TokenGrid, TokenName } from './attribution/token-grid.ts';
export { loadModel } from './use-cases/classify.ts';
export type { Classification, ClassifyAllOptions, ClassifyOptions, ImageInput, Model } from './use-cases/classify.ts';
export { compare } from './use-cases/compare/compare.ts';
export type { CompareOptions } from './use-cases/compare/compare.ts';
export { renderComparison } from './use-cases/compare/page.ts';
export type { ComparisonPageOptions } from './use-cases/compare/page.ts';
export type { Embeddings } from './use-cases/embeddings.ts';
export type { Prediction } from './use-cases/prediction.ts';
export { convertModel } from './use-cases/convert/convert.ts';
export type { Conversion, ConvertOptions } from './use-cases/convert/convert.ts';
export type { CurveScore, Faithfulness, FaithfulnessOptions, MethodScore } from './use-cases/attention/faithfulness.ts';
export { diagnose } from './use-cases/doctor.ts';
export type { Diagnosis } from './use-cases/doctor.ts';
export * from './errors.ts';
export { evaluate } from './use-cases/evaluate/evaluate.ts';
export type { Evaluation, EvaluationRun } from './use-cases/evaluate/evaluate.ts';
export type { CollectOptions as EvaluateOptions, ImageProgress } from './use-cases/evaluate/collect.ts';
export { explain } from './use-cases/explain/explain.ts';
export type { ExplainOptions } from './use-cases/explain/explain.ts';
export { BUILT_IN_EXAMPLE, parseExample } from './use-cases/explain/example.ts';
export type { AttentionExample } from './use-cases/explain/example.ts';
export { explainImage } from './use-cases/explain/image.ts';
export type { ExplainImageOptions } from './use-cases/explain/image.ts';
export { explainTraining } from './use-cases/explain/training.ts';
export type { ExplainTrainingOptions } from './use-cases/explain/training.ts';
export { decodeImage } from './image/decode.ts';
export type { DecodeOptions } from './image/decode.ts';
export type { RgbImage } from './image/rgb-image.ts';
export { findImages } from './use-cases/inputs.ts';
export type { FindImagesOptions } from './use-cases/inputs.ts';
export type { LoadOptions, ModelInfo } from './use-cases/model-info.ts';
export { EMBEDDED_MODEL, listModels } from './use-cases/models.ts';
export type { EmbeddedModel } from './use-cases/models.ts';
export { train } from './use-cases/train/train.ts';
export type { TrainOptions } from './use-cases/train/train.ts';
export type { CheckpointChoice } from './use-cases/train/checkpoint.ts';
export { dataStudy } from './use-cases/train/study.ts';
export type {
  DataStudy,
  StudiedModel,
  StudyCell,
  StudyEvent,
  StudyOptions,
  StudyPoint,
} from './use-cases/train/study.ts';
export { NAMED_NETWORKS } from './use-cases/train/network.ts';
export type { NetworkName, NetworkChoice, ResNetChoice, ViTChoice } from './use-cases/train/network.ts';
export type { RecipeOptions } from './use-cases/train/recipe.ts';
export type { RunOptions, TrainEvent, TrainResult } from './use-cases/train/run.ts';
export type { DownloadProgress } from './weights/hub/download.ts';
export { PERTURBATION_KINDS } from './image/perturb.ts';
export type { PerturbationKind } from './image/perturb.ts';
export { summariseComparison } from './report/comparison-summary.ts';
export type { ComparisonSummary } from './report/comparison-summary.ts';
export type { Comparison } from './report/comparison.ts';
export type { Explanation } from './report/explanation.ts';
export type { ExplorerData } from './report/explorer/explorer-data.ts';
export { COLOUR_MAPS } from './report/figure/colour-map.ts';
export type { ColourMapName, Range } from './report/figure/colour-map.ts';
export { FIGURE_THEMES } from './report/figure/figure.ts';
export type { FigureTheme } from './report/figure/figure.ts';
export { UPSAMPLINGS } from './report/figure/heat-map.ts';
export type { Upsampling } from './report/figure/heat-map.ts';
export type { Cost } from './metrics/cost.ts';
export { npyFile } from './report/npy.ts';
export { explanationPage } from './report/explanation-page.ts';
export { explanationText } from './report/explanation-text.ts';
export { BACKEND_NAMES, PRECISIONS } from './tensor/backends/index.ts';
export type { BackendName, Precision } from './tensor/backends/index.ts';
export type {
  Attention,
  NetworkConfig,
  Pooling,
  PositionEncoding,
  PositionResample,
  TfjsConfig,
  ViTConfig,
} from './weights/architecture.ts';
export type {
  CnnConfig,
  ConvNeXtConfig,
  ConvNeXtStage,
  InvertedResidual,
  MobileNetV2Config,
  ResNetConfig,
  ResNetStage,
  ResNetStem,
} from './weights/cnn-architecture.ts';
export type { Interpolation, Preprocessing, PreprocessingChanges, Resize, Rgb, Size } from './weights/preprocessing.ts';
export { MODEL_NAMES } from './weights/family.ts';
export type { ModelNames } from './weights/family.ts';
export type { WrittenDtype } from './weights/write-safetensors.ts';
