import { describe, expect, test } from 'vitest';

import { onGrid, smooth } from '../../src/attribution/field.ts';
import { massThreshold } from '../../src/attribution/mass.ts';
import { ArgumentError } from '../../src/errors.ts';
import { COLOUR_MAPS, colourIndex, colourTable, extentOf, rangeOf } from '../../src/report/figure/colour-map.ts';
import { contourPath } from '../../src/report/figure/contour.ts';
import { figureSize, figureSvg } from '../../src/report/figure/figure.ts';
import { heatMap } from '../../src/report/figure/heat-map.ts';
import { text, wrapped } from '../../src/report/figure/text.ts';
import { npyFile } from '../../src/report/npy.ts';

describe('colour maps', () => {
  test.each(COLOUR_MAPS)('%s has 256 colours', (name) => {
    expect(colourTable(name)).toHaveLength(768);
  });

  test('begin and end as published', () => {
    expect([...colourTable('viridis').subarray(0, 3)]).toEqual([0x44, 0x01, 0x54]);
    expect([...colourTable('viridis').subarray(765)]).toEqual([0xfd, 0xe7, 0x25]);
    expect([...colourTable('magma').subarray(0, 3)]).toEqual([0, 0, 4]);
  });

  test.each(['viridis', 'magma', 'inferno', 'plasma', 'cividis'] as const)('%s grows lighter all the way', (name) => {
    const table = colourTable(name);
    const lightness = Array.from({ length: 256 }, (_, i) => luminance(table.subarray(i * 3, i * 3 + 3)));
    // By eighths: single steps are rounded to whole numbers.
    for (let i = 32; i < 256; i += 32) expect(lightness[i]!).toBeGreaterThan(lightness[i - 32]!);
  });

  test('a range begins at zero, whatever the least value: nothing is stretched unsaid', () => {
    expect(rangeOf([[0.2, 0.5], [0.3]])).toEqual({ least: 0, greatest: 0.5 });
    expect(rangeOf([[-0.1, 0.5]])).toEqual({ least: -0.1, greatest: 0.5 });
    expect(rangeOf([[-0.1, 0.5]], true)).toEqual({ least: -0.5, greatest: 0.5 });
    expect(extentOf([[0.2, 0.5], [0.3]])).toEqual({ least: 0.2, greatest: 0.5 });
    expect(colourIndex(0.25, { least: 0, greatest: 0.5 })).toBe(128);
    expect(colourIndex(9, { least: 0, greatest: 0.5 })).toBe(255);
    expect(colourIndex(0, { least: 0, greatest: 0 })).toBe(0);
  });
});

describe('heat maps', () => {
  const field = { values: [0, 1, 0.5, 1], Gh: 2, Gw: 2 };
  const picture = { data: new Uint8Array(6 * 4 * 3).fill(100), width: 6, height: 4 };
  const style = { range: { least: 0, greatest: 1 }, colours: 'grey', upsampling: 'nearest' } as const;

  test('lie where the grid lies; what the model has not seen is dimmed', () => {
    const place = { left: 1, top: 0, width: 4, height: 4 };
    const { data } = heatMap(picture, field, { ...style, place, alpha: 1 });
    const at = (x: number, y: number): number[] => [...data.subarray((y * 6 + x) * 3, (y * 6 + x) * 3 + 3)];
    expect(at(0, 0)).toEqual([40, 40, 40]);
    expect(at(1, 0)).toEqual([255, 255, 255]);
    expect(at(2, 1)).toEqual([255, 255, 255]);
    expect(at(3, 0)).toEqual([0, 0, 0]);
    expect(at(1, 3)).toEqual([...colourTable('grey').subarray(128 * 3, 128 * 3 + 3)]);
    expect(at(5, 0)).toEqual([40, 40, 40]);
  });

  test('alpha mixes with the picture', () => {
    const place = { left: 0, top: 0, width: 6, height: 4 };
    const { data } = heatMap(picture, field, { ...style, place, alpha: 0.25 });
    expect(data[0]).toBe(Math.round(0.75 * 100 + 0.25 * 255));
  });

  test('smoothing is bilinear between the middles of cells', () => {
    expect(smooth(field, 0.5, 0.5)).toBe(0);
    expect(smooth(field, 0.5, 1)).toBe(0.5);
    expect(smooth(field, 1, 0.5)).toBe(0.25);
    expect(smooth(field, 0, 0)).toBe(0);
    expect([...onGrid(field, { Gh: 1, Gw: 2 })]).toEqual([0.25, 1]);
    expect([...onGrid(field, field)]).toEqual(field.values);
  });
});

test('a contour runs around what is above it', () => {
  const path = contourPath({ values: [0, 0, 0, 0, 1, 0, 0, 0, 0], Gh: 3, Gw: 3 }, 0.5, {
    left: 0,
    top: 0,
    width: 30,
    height: 30,
  });
  const points = [...path.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => Math.hypot(Number(x) - 15, Number(y) - 15));
  expect(points.length).toBeGreaterThan(8);
  expect(Math.max(...points)).toBeLessThan(9);
});

test('the mass threshold takes the fewest patches that hold the share', () => {
  expect(massThreshold([0.1, 0.4, 0.3, 0.2], 0.6)).toBe(0.3);
  expect(massThreshold([-1, 0, 2], 0.5)).toBe(2);
  expect(massThreshold([0, 0], 0.5)).toBe(0);
  expect(() => massThreshold([1], 1)).toThrow(ArgumentError);
});

describe('figures', () => {
  const panel = { title: 'a <b>', href: 'data:image/png;base64,AA==', width: 100, height: 50 };
  const bar = { colours: 'viridis', least: 0, greatest: 0.00913, quantity: 'share of attention' } as const;

  test('say what the colours are, and escape what comes from outside', () => {
    const svg = figureSvg(
      { title: '"x" & y', rows: [[{ ...panel, width: 300, bar }]] },
      { lettering: 'font', theme: 'light' },
    );
    expect(svg).toContain('0.00913');
    expect(svg).toContain('share of attention');
    expect(svg).toContain('&#34;x&#34; &#38; y');
    expect(svg).not.toContain('<b>');
  });

  test('say the quantity whole where it has no room between the numbers', () => {
    const svg = figureSvg(
      { title: 't', rows: [[{ ...panel, width: 160, bar }]] },
      { lettering: 'font', theme: 'light' },
    );
    expect(svg).toContain('>share of attention</text>');
  });

  test('have the size that was told beforehand', () => {
    for (const rows of [[[panel, panel]], [[{ ...panel, bar }], [panel]], []]) {
      const figure = { title: 't', rows, bar, notes: ['one', 'two'] };
      const { width, height } = figureSize(figure);
      expect(figureSvg(figure, { lettering: 'strokes', theme: 'dark' })).toContain(
        `width="${width}" height="${height}"`,
      );
    }
  });

  test('break a line that is too long between words, once', () => {
    const at = { size: 12, maxWidth: 80 };
    expect(wrapped('short', at)).toEqual(['short']);
    expect(wrapped('two words here', at)).toEqual(['two words', 'here']);
    expect(wrapped('unbreakablyverylong', at)).toEqual(['unbreakablyverylong']);
  });

  test('strokes draw letters without a font, also accented ones, and cut what is too long', () => {
    const at = { x: 0, y: 10, size: 12, colour: '#000000' };
    const drawn = (line: string, maxWidth?: number): string => text(line, { ...at, maxWidth }, 'strokes').text;
    expect(drawn('e')).toMatch(/^<path d="M[\d.]/);
    expect(drawn('é').replace('é', 'e')).toBe(drawn('e'));
    expect(drawn('犬').replace('犬', '?')).toBe(drawn('?'));
    expect(drawn('a very long label', 60)).toContain('<title>a ver');
    expect(drawn('a very long label', 60)).toContain('...</title>');
    expect(drawn('\u202e')).toContain('u{202e}');
  });
});

test('an array file has a header of whole 64 bytes', () => {
  const bytes = npyFile([3], Float32Array.of(1, 2, 3));
  expect(bytes.length % 64).toBe(12);
  expect(new TextDecoder('latin1').decode(bytes)).toContain("'shape': (3,), }");
});

function luminance([red = 0, green = 0, blue = 0]: Uint8Array): number {
  return 0.2126 * red ** 2.2 + 0.7152 * green ** 2.2 + 0.0722 * blue ** 2.2;
}
