export { loadModel } from './classify.ts';
export type { Classification, ClassifyAllOptions, ClassifyOptions, ImageInput, Model, Prediction } from './classify.ts';
export { convertModel } from './convert.ts';
export type { Conversion, ConvertOptions } from './convert.ts';
export { diagnose } from './doctor.ts';
export type { Diagnosis } from './doctor.ts';
export * from './errors.ts';
export { explain } from './explain.ts';
export type { ExplainOptions } from './explain.ts';
export { BUILT_IN_EXAMPLE, parseExample } from './explain-example.ts';
export type { AttentionExample } from './explain-example.ts';
export { explainImage } from './explain-image.ts';
export type { ExplainImageOptions } from './explain-image.ts';
export { explainTraining } from './explain-training.ts';
export type { ExplainTrainingOptions } from './explain-training.ts';
export type { RgbImage } from './image/rgb-image.ts';
export { findImages } from './inputs.ts';
export type { FindImagesOptions } from './inputs.ts';
export type { LoadOptions, ModelInfo } from './model-info.ts';
export { EMBEDDED_MODEL, listModels } from './models.ts';
export type { EmbeddedModel } from './models.ts';
export { train } from './train.ts';
export type { TrainEvent, TrainOptions, TrainResult } from './train.ts';
export type { ViTChoice } from './train-network.ts';
export type { RecipeOptions } from './train-recipe.ts';
export type { DownloadProgress } from './weights/hub/download.ts';
export type { Explanation } from './report/explanation.ts';
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
  ViTConfig,
} from './weights/architecture.ts';
export type {
  CnnConfig,
  InvertedResidual,
  MobileNetV2Config,
  ResNetConfig,
  ResNetStage,
  ResNetStem,
} from './weights/cnn-architecture.ts';
export type { Interpolation, Preprocessing, Resize, Rgb, Size } from './weights/preprocessing.ts';
export { MODEL_NAMES } from './weights/family.ts';
export type { ModelNames } from './weights/family.ts';
export type { WrittenDtype } from './weights/write-safetensors.ts';
