export { loadModel } from '../use-cases/classify.ts';
export type { Classification, ClassifyAllOptions, ClassifyOptions, ImageInput, Model } from '../use-cases/model.ts';
export type { Prediction } from '../use-cases/prediction.ts';
export { decodeImage } from '../image/decode.ts';
export type { DecodeOptions } from '../image/decode.ts';
export type { RgbImage } from '../image/rgb-image.ts';
export { findImages } from '../use-cases/inputs.ts';
export type { FindImagesOptions } from '../use-cases/inputs.ts';
export type { LoadOptions, ModelInfo } from '../use-cases/model-info.ts';
export { EMBEDDED_MODEL, listModels } from '../use-cases/models.ts';
export type { EmbeddedModel } from '../use-cases/models.ts';
export type { DownloadProgress } from '../weights/hub/download.ts';
export type { Cost } from '../metrics/cost.ts';
export { BACKEND_NAMES, PRECISIONS } from '../tensor/backends/index.ts';
export type { BackendName, Precision } from '../tensor/backends/index.ts';
export type {
  Attention,
  NetworkConfig,
  Pooling,
  PositionEncoding,
  PositionResample,
  TfjsConfig,
  ViTConfig,
} from '../weights/architecture.ts';
export type {
  CnnConfig,
  ConvNeXtConfig,
  ConvNeXtStage,
  InvertedResidual,
  MobileNetV2Config,
  ResNetConfig,
  ResNetStage,
  ResNetStem,
} from '../weights/cnn-architecture.ts';
export type {
  Interpolation,
  Preprocessing,
  PreprocessingChanges,
  Resize,
  Rgb,
  Size,
} from '../weights/preprocessing.ts';
