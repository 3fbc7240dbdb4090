import { gaussianBlur } from './blur.ts';
import type { Random } from './random.ts';
import type { View } from './view.ts';

/** Gaussian noise of a standard deviation on every value, clipped to 0…1. */
export function withNoise(view: View, deviation: number, random: Random): View {
  return { ...view, data: view.data.map((value) => Math.min(1, Math.max(0, value + deviation * random.normal()))) };
}

/** Weights further out add less than a 255th. */
const REACH = 4;

/** Gaussian blur with the border repeated, as scipy's `gaussian_filter` with mode `nearest`. @param sigma in pixels */
export function blurred(view: View, sigma: number): View {
  if (sigma <= 0) return view;
  return { ...view, data: gaussianBlur(view, { sigma, reach: Math.floor(REACH * sigma + 0.5) }) };
}
