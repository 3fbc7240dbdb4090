export { convertModel } from '../use-cases/convert/convert.ts';
export type { Conversion, ConvertOptions } from '../use-cases/convert/convert.ts';
export { MODEL_NAMES } from '../weights/family.ts';
export type { ModelNames } from '../weights/family.ts';
export type { WrittenDtype } from '../weights/write-safetensors.ts';
