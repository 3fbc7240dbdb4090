export { explorerPage } from './attention-explorer.ts';
export type { ExploreOptions } from './attention-explorer.ts';
export type { StepsPlace } from './attention-steps.ts';
export { drawMaps } from './attention-figure.ts';
export type { DrawnMaps, FigureStyle } from './attention-figure.ts';
export { ATTENTION_METHODS, methodsFor } from './attention-methods.ts';
export type { AttentionMap, AttentionMaps, AttentionMethod, AttentionOptions, ViewPlace } from './attention-methods.ts';
export { FILLS } from './attribution/fills.ts';
export type { Fill } from './attribution/fills.ts';
export type { HeadStatistics } from './attribution/head-statistics.ts';
export { HEAD_FUSIONS } from './attribution/heads.ts';
export type { HeadFusion } from './attribution/heads.ts';
export { nameOfToken } from './attribution/token-grid.ts';
export type { TokenGrid, TokenName } from './attribution/token-grid.ts';
export { loadModel } from './classify.ts';
export type { Classification, ClassifyAllOptions, ClassifyOptions, ImageInput, Model } from './classify.ts';
export { compare } from './compare.ts';
export type { CompareOptions } from './compare.ts';
export { renderComparison } from './compare-page.ts';
export type { ComparisonPageOptions } from './compare-page.ts';
export type { Embeddings } from './embeddings.ts';
export type { Prediction } from './prediction.ts';
export { convertModel } from './convert.ts';
export type { Conversion, ConvertOptions } from './convert.ts';
export type { CurveScore, Faithfulness, FaithfulnessOptions, MethodScore } from './faithfulness.ts';
export { diagnose } from './doctor.ts';
export type { Diagnosis } from './doctor.ts';
export * from './errors.ts';
export { evaluate } from './evaluate.ts';
export type { Evaluation, EvaluationRun } from './evaluate.ts';
export type { CollectOptions as EvaluateOptions, ImageProgress } from './evaluate-collect.ts';
export { explain } from './explain.ts';
export type { ExplainOptions } from './explain.ts';
export { BUILT_IN_EXAMPLE, parseExample } from './explain-example.ts';
export type { AttentionExample } from './explain-example.ts';
export { explainImage } from './explain-image.ts';
export type { ExplainImageOptions } from './explain-image.ts';
export { explainTraining } from './explain-training.ts';
export type { ExplainTrainingOptions } from './explain-training.ts';
export { decodeImage } from './image/decode.ts';
export type { DecodeOptions } from './image/decode.ts';
export type { RgbImage } from './image/rgb-image.ts';
export { findImages } from './inputs.ts';
export type { FindImagesOptions } from './inputs.ts';
export type { LoadOptions, ModelInfo } from './model-info.ts';
export { EMBEDDED_MODEL, listModels } from './models.ts';
export type { EmbeddedModel } from './models.ts';
export { train } from './train.ts';
export type { TrainOptions } from './train.ts';
export type { CheckpointChoice } from './train-checkpoint.ts';
export { dataStudy } from './train-study.ts';
export type { DataStudy, StudiedModel, StudyCell, StudyEvent, StudyOptions, StudyPoint } from './train-study.ts';
export { NAMED_NETWORKS } from './train-network.ts';
export type { NetworkName, NetworkChoice, ResNetChoice, ViTChoice } from './train-network.ts';
export type { RecipeOptions } from './train-recipe.ts';
export type { RunOptions, TrainEvent, TrainResult } from './train-run.ts';
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
