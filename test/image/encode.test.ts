import sharp from 'sharp';
import { expect, test } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import { decodeImage } from '../../src/image/decode.ts';
import { drawSvg, encodeJpeg, encodePng } from '../../src/image/encode.ts';
import { viewOf } from '../../src/image/geometry.ts';
import { modelView } from '../../src/image/model-view.ts';

const IMAGE = { data: Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => i * 5), width: 5, height: 3 };
const RECIPE = {
  imageSize: { height: 4, width: 4 },
  resize: { kind: 'shorter-edge', size: 4 },
  interpolation: 'bicubic',
  cropRounding: 'floor',
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.25, 0.5],
} as const;

test('PNG keeps every pixel, JPEG the size', async () => {
  const decoded = await decodeImage(await encodePng(IMAGE));
  expect([decoded.width, decoded.height, ...decoded.data]).toEqual([5, 3, ...IMAGE.data]);
  expect(await decodeImage(await encodeJpeg(IMAGE))).toMatchObject({ width: 5, height: 3 });
  await expect(encodePng({ ...IMAGE, width: 4 })).rejects.toThrow(ArgumentError);
});

test('an SVG is drawn with the pictures inside it', async () => {
  const png = Buffer.from(await encodePng({ data: new Uint8Array(12).fill(200), width: 2, height: 2 }));
  const image = `<image width="2" height="2" href="data:image/png;base64,${png.toString('base64')}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="4" height="2" fill="#ffffff"/>${image}</svg>`;
  const drawn = await decodeImage(await drawSvg(svg, { width: 4, height: 2 }));
  expect(drawn).toMatchObject({ width: 4, height: 2 });
  expect([drawn.data[0], drawn.data[9]]).toEqual([200, 255]);
  expect((await sharp(await drawSvg(svg, { width: 4, height: 2 })).metadata()).hasAlpha).toBe(false);
  await expect(drawSvg(svg, { width: 20_000, height: 2 })).rejects.toThrow(ArgumentError);
});

test('the model’s view lies where the crop was cut', () => {
  // 8 × 4 → resized to 8 × 4, cut from columns 2 to 6.
  expect(viewOf(RECIPE, { width: 8, height: 4 })).toEqual({ left: 2, top: 0, width: 4, height: 4 });
  // Four times as large a photograph: the same place in its own pixels.
  expect(viewOf(RECIPE, { width: 32, height: 16 })).toEqual({ left: 8, top: 0, width: 16, height: 16 });
  // Padded on top and bottom: the view reaches beyond the photograph.
  const bordered = { ...RECIPE, resize: { kind: 'border', size: { height: 4, width: 4 } } } as const;
  expect(viewOf(bordered, { width: 8, height: 4 })).toEqual({ left: 0, top: -2, width: 8, height: 8 });
});

test('the model’s view has the colours of the photograph again', () => {
  const even = { data: new Uint8Array(8 * 4 * 3).map((_, i) => [10, 130, 250][i % 3]!), width: 8, height: 4 };
  const { data, width, height } = modelView(even, RECIPE);
  expect([width, height]).toEqual([4, 4]);
  expect([...data]).toEqual(Array.from({ length: 48 }, (_, i) => [10, 130, 250][i % 3]));
});
