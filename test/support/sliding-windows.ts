/** A convolution or pooling of images [B, H, W, C] as a test writes it. */
export interface SlidingCase {
  readonly name: string;
  readonly x: [B: number, H: number, W: number, C: number];
  readonly window: [height: number, width: number];
  readonly strides?: [number, number];
  readonly dilations?: [number, number];
  readonly pad: 'same' | 'valid' | number | [[number, number], [number, number], [number, number], [number, number]];
}

export interface Slide {
  readonly outShape: [B: number, Oh: number, Ow: number];
  /** Calls back once for each tap that lies on a pixel, with the place of its window, of itself and of the pixel. */
  visit(each: (window: number, tap: number, pixel: number) => void): void;
}

/** That differs on every side. */
export const UNEVEN_PADDING: SlidingCase['pad'] = [
  [0, 0],
  [2, 0],
  [1, 3],
  [0, 0],
];

/** The windows of a case, from the definition and nothing else. */
export function slide({ x, window, strides = [1, 1], dilations = [1, 1], pad }: SlidingCase): Slide {
  const [B, H, W] = x;
  const rows = axis(H, window[0], strides[0], dilations[0], typeof pad === 'object' ? pad[1] : pad);
  const columns = axis(W, window[1], strides[1], dilations[1], typeof pad === 'object' ? pad[2] : pad);
  return {
    outShape: [B, rows.count, columns.count],
    visit(each) {
      for (let b = 0; b < B; b += 1) {
        for (const [oy, i, y] of rows.taps) {
          for (const [ox, j, column] of columns.taps) {
            each((b * rows.count + oy) * columns.count + ox, i * window[1] + j, (b * H + y) * W + column);
          }
        }
      }
    },
  };
}

interface Axis {
  readonly count: number;
  readonly taps: (readonly [window: number, tap: number, pixel: number])[];
}

function axis(
  size: number,
  window: number,
  stride: number,
  dilation: number,
  pad: 'same' | 'valid' | number | readonly [number, number],
): Axis {
  const span = (window - 1) * dilation + 1;
  const [before, after] = paddingOf(size, span, stride, pad);
  const count = Math.max(0, Math.floor((size + before + after - span) / stride) + 1);
  const taps: [number, number, number][] = [];
  for (let at = 0; at < count; at += 1) {
    for (let tap = 0; tap < window; tap += 1) {
      const pixel = at * stride + tap * dilation - before;
      if (pixel >= 0 && pixel < size) taps.push([at, tap, pixel]);
    }
  }
  return { count, taps };
}

/** TensorFlow's SAME: as many windows as strides, what is missing half before and, the larger half, after. */
function paddingOf(
  size: number,
  span: number,
  stride: number,
  pad: 'same' | 'valid' | number | readonly [number, number],
): readonly [number, number] {
  if (typeof pad === 'number') return [pad, pad];
  if (typeof pad === 'object') return pad;
  const missing = pad === 'valid' ? 0 : Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
  return [Math.floor(missing / 2), missing - Math.floor(missing / 2)];
}
