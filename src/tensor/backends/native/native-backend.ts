import type { DataId, DataType, TensorInfo, backend_util } from '@tensorflow/tfjs-core';

import { util } from '../../tfjs.ts';
import { MathBackendCPU } from '../tfjs-cpu.ts';
import { ArgumentError } from '../../../errors.ts';
import type { Addon } from './addon.ts';
import { BufferPool } from './buffer-pool.ts';
import type { RecordedWork } from './recording.ts';

/** A tensor's values as the kernels read them fastest. */
interface PackedForm {
  readonly form: string;
  readonly values: Float32Array;
}

/**
 * The storage of tfjs's CPU backend, where a tensor is a typed array, with arrays that are used again and with the packed
 * form of each matrix that multiplies, for as long as its tensor lives.
 */
export class NativeBackend extends MathBackendCPU {
  readonly #addon: Addon;
  readonly #buffers: BufferPool;
  #packed = new WeakMap<DataId, PackedForm>();
  #work: RecordedWork | undefined;
  /** Who gave memory that recorded work was given. */
  readonly #lenders = new WeakMap<ArrayBufferLike, BufferPool>();
  #form = 0;

  constructor(addon: Addon) {
    super();
    this.#addon = addon;
    this.#buffers = new BufferPool((array) => addon.floatsToLine(array));
  }

  /** What the kernels are to call. */
  get addon(): Addon {
    return this.#work?.addon ?? this.#addon;
  }

  /** Changes when packed forms are no longer what the kernels read. */
  get form(): number {
    return this.#form;
  }

  /** Does work, of which `work` is told. */
  recordInto<T>(work: RecordedWork, part: () => T): T {
    const before = this.#work;
    this.#work = work;
    try {
      return part();
    } finally {
      this.#work = before;
    }
  }

  /** Says that what is done now is more than calls of kernels. */
  spoilRecording(): void {
    if (this.#work !== undefined) this.#work.isSpoilt = true;
  }

  /** The memory that waits for reuse, for somebody else to use. */
  withdrawWaiting(): BufferPool {
    return this.#buffers.emptied();
  }

  /** The values of a float32 tensor, in place. */
  floatsOf(where: string, { dataId, dtype }: TensorInfo): Float32Array {
    if (dtype !== 'float32') {
      throw new ArgumentError(`${where}: expected a float32 tensor, got ${dtype}. Cast it first.`);
    }
    const { values } = this.data.get(dataId);
    if (values instanceof Float32Array) return values;
    // tfjs casts whole numbers and truth values to float32 by changing nothing but the name of their type.
    this.spoilRecording();
    return Float32Array.from(values as ArrayLike<number>);
  }

  /** A new float32 tensor with arbitrary contents, which the kernel is to write whole. */
  output(shape: readonly number[]): { readonly info: TensorInfo; readonly values: Float32Array } {
    const pool = this.#work?.buffers ?? this.#buffers;
    const values = pool.take(util.sizeFromShape([...shape]));
    if (pool !== this.#buffers) this.#lend(values, pool);
    const info: TensorInfo = {
      dataId: super.write(values, [...shape], 'float32'),
      shape: [...shape],
      dtype: 'float32',
    };
    return { info, values };
  }

  /** The form in which the addon multiplies by a [K, N] matrix in a precision. */
  packedForm(matrix: TensorInfo, precision: number): Float32Array {
    const [K = 0, N = 0] = matrix.shape;
    // A reshaped tensor shares its data with the original but not its panels.
    return this.packed(matrix, `${K} ${N} ${precision}`, (floats) => {
      const values = new Float32Array(this.#addon.packedLength(K, N, precision));
      this.#addon.pack(floats, values, K, N, precision);
      return values;
    });
  }

  /** What `pack` makes of a tensor's values the first time; `form` is all that it depends on beside them. */
  packed(tensor: TensorInfo, form: string, pack: (floats: Float32Array) => Float32Array): Float32Array {
    const known = this.#packed.get(tensor.dataId);
    if (known?.form === form) return known.values;
    const floats = this.floatsOf('matrix', tensor);
    // Packed once, it would stay as it is while its tensor changes with the input.
    if (this.#lenders.has(floats.buffer)) this.spoilRecording();
    const values = pack(floats);
    this.#packed.set(tensor.dataId, { form, values });
    return values;
  }

  /** For another instruction set, which packs in another way. */
  forgetPackedForms(): void {
    this.#packed = new WeakMap();
    this.#form += 1;
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    // A stock kernel may have made its output over an input's memory, as slice does.
    if (ArrayBuffer.isView(values)) this.#lenderOf(values).escape(values);
    return super.write(values, shape, dtype);
  }

  override readSync(dataId: DataId): backend_util.BackendValues {
    this.spoilRecording();
    const { values } = this.data.get(dataId);
    // What the caller gets it may keep longer than the tensor.
    if (values instanceof Float32Array && this.#lenderOf(values).has(values)) return values.slice();
    return super.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const isFreed = super.disposeData(dataId, force);
    if (isFreed && values !== undefined) {
      this.#packed.delete(dataId);
      if (values instanceof Float32Array) this.#lenderOf(values).give(values);
    }
    return isFreed;
  }

  #lend({ buffer }: Float32Array, pool: BufferPool): void {
    if (!this.#lenders.has(buffer)) this.#work!.bytes += buffer.byteLength;
    this.#lenders.set(buffer, pool);
  }

  #lenderOf({ buffer }: ArrayBufferView): BufferPool {
    return this.#lenders.get(buffer) ?? this.#buffers;
  }
}
