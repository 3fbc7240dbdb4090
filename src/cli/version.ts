import { readFileSync } from 'node:fs';

/** Of the package that this file belongs to: both src/cli and dist/cli lie two folders below it. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (manifest && typeof manifest === 'object' && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json: expected a version');
}
