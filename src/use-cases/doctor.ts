import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import process from 'node:process';

import * as z from 'zod';

import { probeCodecs } from '../image/codecs.ts';
import type { Codecs } from '../image/codecs.ts';
import { probeBackends } from '../tensor/backends/index.ts';
import type { BackendName, BackendProbe } from '../tensor/backends/index.ts';

/** What works on this machine, and why not what does not. */
export interface Diagnosis {
  readonly patchlens: string;
  readonly node: { readonly version: string; readonly required: string; readonly supported: boolean };
  readonly platform: { readonly os: string; readonly release: string; readonly arch: string };
  readonly cpu: {
    readonly model: string;
    /** How many threads this process can run at once, which a container may hold below the number of processors. */
    readonly parallelism: number;
    readonly processors: number;
  };
  readonly memoryBytes: number;
  /** Installed versions of the packages that compute; null where an optional one is absent. */
  readonly packages: Readonly<Record<string, string | null>>;
  readonly images: Codecs;
  /** In the order in which `auto` tries them. */
  readonly backends: readonly BackendProbe[];
  /** The backend that `auto` takes; null when none loads. */
  readonly auto: BackendName | null;
}

/** Looks at the machine and tries every backend, which takes a second or so. */
export async function diagnose(): Promise<Diagnosis> {
  const manifest = ownManifest();
  const processors = cpus();
  const [images, backends] = [await probeCodecs(), await probeBackends()];
  return {
    patchlens: manifest.version,
    node: {
      version: process.versions.node,
      required: manifest.engines.node,
      supported: isSupported(process.versions.node, manifest.engines.node),
    },
    platform: { os: platform(), release: release(), arch: arch() },
    cpu: {
      model: processors[0]?.model.trim() ?? 'unknown',
      parallelism: availableParallelism(),
      processors: processors.length,
    },
    memoryBytes: totalmem(),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(name)])),
    images,
    backends,
    auto: backends.find(({ status }) => status === 'loads')?.name ?? null,
  };
}

const PACKAGES = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node'];

const require = createRequire(import.meta.url);

function installedVersion(name: string): string | null {
  try {
    return Version.parse(require(`${name}/package.json`)).version;
  } catch {
    return null;
  }
}

const Version = z.object({ version: z.string() });
const Manifest = Version.extend({ engines: z.object({ node: z.string() }) });

/** Of this package. */
export function packageVersion(): string {
  return ownManifest().version;
}

/** Our own package.json; src/ and dist/ both lie beside it. */
function ownManifest(): z.infer<typeof Manifest> {
  return Manifest.parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));
}

/** @param required as in package.json: `>=20.19`. */
export function isSupported(version: string, required: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = required.replace(/^>=/, '').split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
