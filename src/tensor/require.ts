import { createRequire } from 'node:module';

/**
 * Loads a CommonJS package. Before `import` runs one, Node searches its text for the names that it exports, which for
 * TensorFlow.js takes several times as long as running it.
 */
export const require = createRequire(import.meta.url);
