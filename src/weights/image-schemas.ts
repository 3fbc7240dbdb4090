import * as z from 'zod';

// What configuration files say of images.

/** Far above what any model is published with. */
const MAX_SIDE = 8192;

/** A side of an image in pixels. */
export const Side = z.int().min(1).max(MAX_SIDE);

/** A number for each of three channels. */
export const Triple = z.tuple([z.number(), z.number(), z.number()]);

/** What channels are divided by. */
export const Deviations = Triple.refine((std) => std.every((s) => s > 0), 'expected positive deviations');
