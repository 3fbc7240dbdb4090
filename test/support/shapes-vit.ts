import { fileURLToPath } from 'node:url';

/** A small ViT that tells drawn shapes apart, all eight of them right on its pictures: what most tests run. */
export const SHAPES_VIT = fileURLToPath(new URL('../shapes-vit', import.meta.url));

/** Two pictures of each shape, `<shape>/<colour>.png`. */
export const SHAPES = `${SHAPES_VIT}/pictures/`;
