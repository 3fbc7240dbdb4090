import type { Page } from 'playwright-core';

/**
 * Every piece of text whose contrast with what lies behind it is below `least`, as «text: ratio». Relative luminance and
 * ratio are those of WCAG 2.2; colours are composed by drawing them over each other, gradients by their first colour.
 */
export function leastContrasts(page: Page, least: number): Promise<string[]> {
  return page.evaluate((wanted) => {
    const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
    const luminance = (layers: readonly string[]): number => {
      for (const layer of layers) {
        pixel.fillStyle = layer;
        pixel.fillRect(0, 0, 1, 1);
      }
      const [red = 0, green = 0, blue = 0] = [...pixel.getImageData(0, 0, 1, 1).data]
        .map((byte) => byte / 255)
        .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const paintsOf = (element: Element): string[] => {
      const { backgroundColor, backgroundImage } = window.getComputedStyle(element);
      const [gradient] = /(rgba?|color|oklab|oklch)\([^()]*\)/.exec(backgroundImage) ?? [];
      return gradient === undefined ? [backgroundColor] : [backgroundColor, gradient];
    };
    const behind = (element: Element): string[] =>
      element.parentElement === null
        ? ['white', ...paintsOf(element)]
        : behind(element.parentElement).concat(paintsOf(element));
    const hasText = (element: Element): boolean =>
      [...element.childNodes].some(({ nodeType, textContent }) => nodeType === 3 && (textContent ?? '').trim() !== '');
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && hasText(element) && element.closest('script, option') === null)
      .flatMap((element) => {
        const layers = behind(element);
        const back = luminance(layers);
        const text = luminance([...layers, window.getComputedStyle(element).color]);
        const ratio = (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
        return ratio < wanted ? [`${element.textContent?.slice(0, 40)}: ${ratio.toFixed(2)}`] : [];
      });
  }, least);
}
