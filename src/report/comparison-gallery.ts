import type { ComparedPair, DifferentImage } from './comparison.ts';
import { markup, name } from './markup.ts';
import type { Markup } from './markup.ts';
import { percent } from './numbers.ts';

interface GalleryOptions {
  /** Of the models. */
  readonly names: readonly string[];
  /** Data URIs by path. */
  readonly thumbnails: ReadonlyMap<string, string>;
  /** What an image is called by its path. */
  readonly shown: (path: string) => string;
}

/** The pictures that two models differ most on, by who was right. */
export function gallery({ first, second, mostDifferent }: ComparedPair, options: GalleryOptions): Markup {
  const { names } = options;
  const [a, b] = [names[first]!, names[second]!];
  const groups: readonly [Markup, (image: DifferentImage) => boolean][] = [
    [markup`Only ${name(a)} is right`, (image) => image.first.right === true],
    [markup`Only ${name(b)} is right`, (image) => image.second.right === true],
    [markup`Neither is right`, (image) => image.first.right === false && image.second.right === false],
    [markup`Without a label`, (image) => image.first.right === null],
  ];
  const sections = groups.map(([title, belongs]) => {
    const images = mostDifferent.filter((image) => belongs(image));
    if (images.length === 0) return markup``;
    return markup`<h4>${title}</h4><ul class="gallery">${images.map((image) => card(image, [a, b], options))}</ul>`;
  });
  return mostDifferent.length === 0 ? markup`<p>They name every image alike.</p>` : markup`${sections}`;
}

function card(image: DifferentImage, [a, b]: readonly [string, string], { thumbnails, shown }: GalleryOptions): Markup {
  const { path, label, divergence, first, second } = image;
  const thumbnail = thumbnails.get(path);
  const picture =
    thumbnail === undefined ? markup`<span class="missing">no picture</span>` : markup`<img src="${thumbnail}" alt="">`;
  const truth = label === null ? undefined : markup`<dt>Label</dt><dd>${name(label)}</dd>`;
  return markup`<li>${picture}<p>${name(shown(path))}</p><dl>${truth}${answer(a, first)}${answer(b, second)}<dt>Divergence</dt><dd>${divergence.toFixed(2)} bits</dd></dl></li>`;
}

function answer(model: string, { label, probability, right }: DifferentImage['first']): Markup {
  const marks = { true: markup` <span class="right">right</span>`, false: markup` <span class="wrong">wrong</span>` };
  const mark = right === null ? undefined : marks[right ? 'true' : 'false'];
  return markup`<dt>${name(model)}</dt><dd>${name(label)} ${percent(probability)}${mark}</dd>`;
}

export const GALLERY_STYLE = `
.gallery { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); gap: 1rem; }
.gallery li { border: 1px solid var(--line); border-radius: 6px; padding: .6rem; background: var(--raised); min-width: 0; }
.gallery img, .missing { display: block; width: 100%; height: 9rem; object-fit: contain; background: var(--background); }
.missing { display: grid; place-content: center; color: var(--quiet); }
.gallery p { margin: .4rem 0; font-size: .85rem; } .gallery dl { margin: 0; font-size: .85rem; } dt { color: var(--quiet); } dd { margin: 0 0 .3rem; overflow-wrap: anywhere; }
.right { color: var(--positive); } .wrong { color: var(--negative); } h4 { margin: 1rem 0 .5rem; }
`;
