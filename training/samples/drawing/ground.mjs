// What pictures stand on and in front of: gradients with fractal noise, as SVG on a canvas of 160 × 160.

const SIDE = 160;

/** A picture from its layers, back to front. */
export function picture(...layers) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}" viewBox="0 0 ${SIDE} ${SIDE}">${layers.join('')}</svg>`;
}

/** A vertical gradient over a part of the height, roughened by noise of a frequency. */
export function field(id, [from, to], { top = 0, bottom = SIDE, grain = 0.35, frequency = '0.5', seed = 1 } = {}) {
  const area = `x="0" y="${top}" width="${SIDE}" height="${bottom - top}"`;
  return `<defs><linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${from}"/>
    <stop offset="1" stop-color="${to}"/></linearGradient>
    <filter id="${id}-noise" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency="${frequency}"
    numOctaves="3" seed="${seed}"/><feColorMatrix values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  1.6 0 0 0 -0.5"/></filter></defs>
    <rect ${area} fill="url(#${id})"/><rect ${area} filter="url(#${id}-noise)" opacity="${grain}"/>`;
}

export const sky = (colours = ['#4f8fd6', '#c3dcf2']) => field('sky', colours, { grain: 0.06, frequency: '0.02 0.06' });
export const grass = (top, seed = 3) => field('grass', ['#7da04b', '#4d7a2c'], { top, frequency: '0.25 0.6', seed });
export const water = (top, colours = ['#5d8aa8', '#27506e']) =>
  field('water', colours, { top, frequency: '0.03 0.35', grain: 0.45, seed: 8 });
export const road = (top) => field('road', ['#8b8b8d', '#58585b'], { top, grain: 0.3, frequency: '0.7', seed: 5 });

/** Soft dark blobs such as bushes, leaves or clouds far behind. */
export function blurred(colour, circles, deviation = 5) {
  const shapes = circles.map(([x, y, rx, ry = rx]) => `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}"/>`);
  const id = `blur${deviation}`;
  return `<defs><filter id="${id}" x="-1" y="-1" width="3" height="3"><feGaussianBlur stdDeviation="${deviation}"/></filter></defs>
    <g fill="${colour}" filter="url(#${id})">${shapes.join('')}</g>`;
}

/** A colour lit from above. */
export function lit(id, light, dark) {
  return `<defs><linearGradient id="${id}" x1="0" y1="0" x2="0.15" y2="1"><stop offset="0" stop-color="${light}"/>
    <stop offset="1" stop-color="${dark}"/></linearGradient></defs>`;
}

/** Shapes under a coat of fine noise: fur, feathers, skin. */
export function coated(id, shapes, { frequency = '0.12 0.5', strength = 0.55, seed = 2 } = {}) {
  return `<defs><filter id="${id}" x="-0.1" y="-0.1" width="1.2" height="1.2"><feTurbulence type="fractalNoise"
    baseFrequency="${frequency}" numOctaves="3" seed="${seed}" result="noise"/>
    <feColorMatrix in="noise" values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  ${strength * 3} 0 0 0 ${-strength}" result="dark"/>
    <feComposite in="dark" in2="SourceAlpha" operator="in" result="coat"/>
    <feMerge><feMergeNode in="SourceGraphic"/><feMergeNode in="coat"/></feMerge></filter></defs><g filter="url(#${id})">${shapes}</g>`;
}

export const shadow = (x, y, rx, ry = 4) => blurred('#1a1d14', [[x, y, rx, ry]], 3);
