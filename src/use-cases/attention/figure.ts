import { asks, captionsOf } from './captions.ts';
import type { Captions, Entry } from './captions.ts';
import type { AttentionMaps } from './methods.ts';
import type { Field } from '../../attribution/field.ts';
import { massThreshold } from '../../attribution/mass.ts';
import { ArgumentError } from '../../errors.ts';
import { drawSvg, encodePng } from '../../image/encode.ts';
import { scaledSize } from '../../image/geometry.ts';
import { modelView } from '../../image/model-view.ts';
import { resample } from '../../image/resample.ts';
import type { RgbImage } from '../../image/rgb-image.ts';
import type { ModelInfo } from '../model-info.ts';
import { extentOf, rangeOf } from '../../report/figure/colour-map.ts';
import type { ColourMapName, Range } from '../../report/figure/colour-map.ts';
import { contourPath } from '../../report/figure/contour.ts';
import { figureSize, figureSvg } from '../../report/figure/figure.ts';
import type { ColourBar, Figure, FigureTheme, Panel } from '../../report/figure/figure.ts';
import { colourField, heatMap } from '../../report/figure/heat-map.ts';
import type { Rectangle, Upsampling } from '../../report/figure/heat-map.ts';

export interface FigureStyle {
  readonly format: 'png' | 'svg';
  /** Above the panels; default the model's name. */
  readonly title?: string | undefined;
  /** Default `viridis`, for signed values `blue-red`. */
  readonly colours?: ColourMapName | undefined;
  /** Share of the colours over the picture, 0…1; default 0.6. */
  readonly alpha?: number | undefined;
  /** Default `nearest`: patches as they are. */
  readonly upsampling?: Upsampling | undefined;
  /** Draws a line around the patches that together hold this share of the map, between 0 and 1. */
  readonly contour?: number | undefined;
  /** The whole photograph with the model's view outlined (default), or the view alone. */
  readonly view?: 'photograph' | 'model' | undefined;
  /**
   * What the colours span: `own` (default) from zero to each map's greatest value, and for RISE from its least, as no place
   * comes near zero; `shared` over all maps; or two numbers. The bar says them.
   */
  readonly range?: 'own' | 'shared' | Range | undefined;
  /** Pixels of a panel's longer side; default 320 for up to four panels, 208 for up to 16, else 160; more if upright. */
  readonly panelSize?: number | undefined;
  /** Panels in a row; default one row for each layer where there are several heads, else four. */
  readonly columns?: number | undefined;
  readonly theme?: FigureTheme | undefined;
}

const MAX_PANELS = 1024;
const MAX_PANEL_SIZE = 4096;

/** Maps of one network. */
export interface DrawnMaps {
  readonly info: Pick<ModelInfo, 'architecture' | 'preprocessing'>;
  readonly results: readonly AttentionMaps[];
}

/**
 * Draws maps over their photograph, which is given as its pixels: all panels of one figure, of one or of several methods
 * and networks.
 *
 * @throws ArgumentError for a style outside its range, or more than can be drawn.
 */
export async function drawMaps(
  photo: RgbImage,
  drawn: readonly DrawnMaps[],
  style: FigureStyle,
): Promise<string | Uint8Array> {
  const entries = drawn.flatMap(({ info, results }) =>
    results.flatMap((result) => result.maps.map((map) => ({ info, result, map }))),
  );
  checkStyle(style, entries.length);
  const panelSize = style.panelSize ?? defaultPanelSize(entries.length, photo);
  const pictures = new Map(
    drawn.map(({ info, results }) => [info, pictureOf(photo, results, info, { ...style, panelSize })]),
  );
  const captions = captionsOf(entries, style.title);
  const barOf = barsOf(entries, captions, style);
  const shared = style.range === 'shared' || typeof style.range === 'object';
  const [first] = entries;
  const panels: Panel[] = [];
  for (const entry of entries) {
    const options = { ...style, bar: barOf(entry), title: captions.titleOf(entry) };
    panels.push(await panelOf(entry, pictures.get(entry.info)!, options));
  }
  const figure: Figure = {
    title: captions.title,
    rows: rowsOf(entries, panels, style.columns).map((row) =>
      shared ? row.map((panel) => ({ ...panel, bar: undefined })) : row,
    ),
    bar: shared && first !== undefined ? barOf(first) : undefined,
    notes: captions.notes,
  };
  const { format, theme = 'light' } = style;
  if (format === 'svg') return figureSvg(figure, { lettering: 'font', theme });
  return drawSvg(figureSvg(figure, { lettering: 'strokes', theme }), figureSize(figure));
}

/** A photograph as panels show it, and where the grid lies on it. */
interface Picture {
  readonly image: RgbImage;
  readonly place: Rectangle;
  readonly isCropped: boolean;
}

/** Wide enough for titles and numbers, where there are not too many panels; upright pictures are higher for that. */
function defaultPanelSize(panels: number, { width, height }: RgbImage): number {
  const size = panels <= 4 ? 320 : panels <= 16 ? 208 : 160;
  return Math.round(size * Math.min(1.5, Math.max(1, height / width)));
}

function checkStyle({ alpha, panelSize, columns, range }: FigureStyle, panels: number): void {
  if (panels === 0 || panels > MAX_PANELS) fail('figure', `1 to ${MAX_PANELS} maps`, panels);
  if (alpha !== undefined && !(alpha >= 0 && alpha <= 1)) fail('alpha', 'a share from 0 to 1', alpha);
  if (panelSize !== undefined && !(Number.isInteger(panelSize) && panelSize >= 16 && panelSize <= MAX_PANEL_SIZE)) {
    fail('panelSize', `whole pixels from 16 to ${MAX_PANEL_SIZE}`, panelSize);
  }
  if (columns !== undefined && !(Number.isInteger(columns) && columns >= 1)) fail('columns', '1 or more', columns);
  if (typeof range === 'object' && !(range.least < range.greatest)) {
    fail('range', 'two numbers, the lesser first', `${range.least},${range.greatest}`);
  }
}

function fail(what: string, expected: string, got: number | string): never {
  throw new ArgumentError(`${what}: expected ${expected}, got ${got}`);
}

function pictureOf(
  photo: RgbImage,
  results: readonly AttentionMaps[],
  info: DrawnMaps['info'],
  { view: shown = 'photograph', panelSize }: FigureStyle & { readonly panelSize: number },
): Picture {
  const whole = shown === 'model' ? modelView(photo, info.preprocessing) : photo;
  const scale = panelSize / Math.max(whole.width, whole.height);
  const size = scaledSize(whole, scale);
  // In plain TypeScript, because maps are drawn without the model that they are of and its backend's resampler.
  const image = resample(whole, size, 'bicubic');
  if (shown === 'model') return { image, place: { left: 0, top: 0, ...size }, isCropped: false };
  const { view } = results[0]!;
  const [across, down] = [size.width / photo.width, size.height / photo.height];
  const place = {
    left: view.left * across,
    top: view.top * down,
    width: view.width * across,
    height: view.height * down,
  };
  const isCropped =
    place.left > 0.5 || place.top > 0.5 || place.width < size.width - 1 || place.height < size.height - 1;
  return { image, place, isCropped };
}

/** What colours mean, for each map or for all alike. */
function barsOf(
  entries: readonly Entry[],
  { quantityOf }: Captions,
  { range, colours }: FigureStyle,
): (entry: Entry) => ColourBar | undefined {
  const spanOf = (of: readonly Entry[]): Range => {
    if (typeof range === 'object') return range;
    const values = of.map(({ map }) => map.values.data);
    return of.every(({ result }) => result.method === 'rise') ? extentOf(values) : rangeOf(values, areSigned(of));
  };
  const shared = range === 'shared' ? spanOf(entries) : undefined;
  return (entry) => {
    if (entry.result.method === 'token-colours') return undefined;
    const of = shared === undefined ? [entry] : entries;
    const name = colours ?? (areSigned(of) ? 'blue-red' : 'viridis');
    const quantities = new Set(of.map(quantityOf));
    return { ...(shared ?? spanOf(of)), colours: name, quantity: [...quantities].join(', ') };
  };
}

function areSigned(entries: readonly Entry[]): boolean {
  return entries.some(({ result }) => result.isSigned);
}

async function panelOf(
  { result, map }: Entry,
  { image, place, isCropped }: Picture,
  options: FigureStyle & { readonly bar: ColourBar | undefined; readonly title: string },
): Promise<Panel> {
  const { alpha = 0.6, upsampling = 'nearest', contour, bar, title } = options;
  const [Gh = 0, Gw = 0] = map.values.shape;
  const field: Field = { values: map.values.data, Gh, Gw };
  const pixels =
    bar === undefined
      ? colourField(image, field, { place, alpha, upsampling })
      : heatMap(image, field, { place, range: bar, colours: bar.colours, alpha, upsampling });
  const bytes = await encodePng(pixels);
  return {
    title,
    href: `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`,
    width: image.width,
    height: image.height,
    view: isCropped ? place : undefined,
    query: queryPlace(result, place),
    contour:
      contour === undefined || bar === undefined
        ? undefined
        : contourPath(field, massThreshold(field.values, contour), place),
    bar,
  };
}

/** The patch that asks, where it is one. */
function queryPlace({ query, grid, method }: AttentionMaps, place: Rectangle): Rectangle | undefined {
  if (query === undefined || !asks(method) || typeof query === 'string') return undefined;
  const [width, height] = [place.width / grid.Gw, place.height / grid.Gh];
  return { left: place.left + query[1] * width, top: place.top + query[0] * height, width, height };
}

/** A row for each layer of a method whose heads are shown one by one, else rows of `columns`. */
function rowsOf(entries: readonly Entry[], panels: readonly Panel[], columns: number | undefined): Panel[][] {
  const rows: Panel[][] = [];
  let previous: string | undefined;
  for (const [i, { result, map }] of entries.entries()) {
    const key = map.head === undefined ? 'one by one' : `${result.method} ${map.layer}`;
    const isFull = (rows.at(-1)?.length ?? 0) >= (columns ?? (map.head === undefined ? 4 : Infinity));
    if (key !== previous || isFull) rows.push([]);
    rows.at(-1)?.push(panels[i]!);
    previous = key;
  }
  return rows;
}
