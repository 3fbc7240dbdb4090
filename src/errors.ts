/**
 * The errors patchlens throws on purpose. Each class is one cause that a caller can act on; `code` is stable across
 * releases and is what the command line prints. Messages read «where: expected …, got …», then the remedy.
 */
export type ErrorCode =
  | 'ARGUMENT_INVALID'
  | 'SHAPE_MISMATCH'
  | 'IMAGE_NOT_FOUND'
  | 'IMAGE_UNREADABLE'
  | 'IMAGE_UNSUPPORTED'
  | 'IMAGE_TOO_LARGE'
  | 'NO_IMAGES'
  | 'MODEL_NOT_FOUND'
  | 'MODEL_DISPOSED'
  | 'WEIGHTS_INVALID'
  | 'CONFIG_INVALID'
  | 'HUB_OFFLINE'
  | 'HUB_UNREACHABLE'
  | 'HUB_NOT_FOUND'
  | 'HUB_FORBIDDEN'
  | 'HUB_ANSWER_INVALID'
  | 'HUB_DOWNLOAD_CORRUPT'
  | 'HUB_CACHE_UNUSABLE'
  | 'BACKEND_UNAVAILABLE'
  | 'BACKEND_CONFLICT'
  | 'TRAINING_FAILED';

export abstract class PatchlensError extends Error {
  abstract readonly code: ErrorCode;
  override get name(): string {
    return this.constructor.name;
  }
}

/** An option or argument outside its domain: the caller's to fix. */
export class ArgumentError extends PatchlensError {
  readonly code = 'ARGUMENT_INVALID';
}

/** A tensor or array whose shape is not the one a function asks for. */
export class ShapeError extends PatchlensError {
  readonly code = 'SHAPE_MISMATCH';
}

type ImageErrorCode = Extract<ErrorCode, `IMAGE_${string}`>;

export function isImageErrorCode(code: ErrorCode | undefined): code is ImageErrorCode {
  return code?.startsWith('IMAGE_') ?? false;
}

/** One image that could not be used; the rest of a batch is unaffected. */
export class ImageError extends PatchlensError {
  readonly code: ImageErrorCode;
  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A folder or list without a single image. */
export class NoImagesError extends PatchlensError {
  readonly code = 'NO_IMAGES';
}

/** No model at the path or under the name asked for. */
export class ModelNotFoundError extends PatchlensError {
  readonly code = 'MODEL_NOT_FOUND';
}

/** A model used after `dispose()`. */
export class ModelDisposedError extends PatchlensError {
  readonly code = 'MODEL_DISPOSED';
}

/** A weights file that is damaged, or whose tensors do not make the architecture it claims. */
export class WeightsError extends PatchlensError {
  readonly code = 'WEIGHTS_INVALID';
}

/** A model configuration that is missing, malformed or out of range. */
export class ConfigError extends PatchlensError {
  readonly code = 'CONFIG_INVALID';
}

type HubErrorCode = Extract<ErrorCode, `HUB_${string}`>;

/** A model that could not be brought from the Hugging Face Hub into the cache. */
export class HubError extends PatchlensError {
  readonly code: HubErrorCode;
  constructor(code: HubErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

type BackendErrorCode = Extract<ErrorCode, `BACKEND_${string}`>;

/** A compute backend that cannot be loaded here, or that conflicts with the one in use. */
export class BackendError extends PatchlensError {
  readonly code: BackendErrorCode;
  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A training run that cannot go on; its last checkpoint is whole. */
export class TrainingError extends PatchlensError {
  readonly code = 'TRAINING_FAILED';
}
