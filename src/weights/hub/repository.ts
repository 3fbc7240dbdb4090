import * as z from 'zod';

import { HubError } from '../../errors.ts';
import { isPlainFileName } from '../file-name.ts';
import { ask } from './connection.ts';
import type { HubConnection } from './connection.ts';
import { formatHubId } from './hub-id.ts';
import { faultsOf } from '../schema-faults.ts';

/** A file of a model on the hub. */
export interface HubFile {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Its name among the blobs of the cache: the SHA-256 of a large file, Git's SHA-1 of a small one. */
  readonly etag: string;
}

/** A model at one commit. */
export interface HubRepository {
  readonly commit: string;
  /** The files at its top, by name. */
  readonly files: ReadonlyMap<string, HubFile>;
}

export const COMMIT = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;

const Info = z.object({ sha: z.string().regex(COMMIT) });
const Entry = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().nonnegative(),
  oid: z.string().regex(COMMIT),
  lfs: z.object({ oid: z.string().regex(SHA256), size: z.int().nonnegative() }).optional(),
});

/** Far more than the top of any model; a listing without end stops here. */
const MAX_ENTRIES = 10_000;
const MAX_REQUESTS = 32;
const MAX_ANSWER_BYTES = 8 * 2 ** 20;

/**
 * Asks the hub for the commit that a revision stands for, and for its files.
 *
 * @throws HubError, or the signal's reason.
 */
export async function readRepository(connection: HubConnection): Promise<HubRepository> {
  const { endpoint, id } = connection;
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const common = { hubUrl: endpoint, fetch: boundedFetch(connection) };
  try {
    const info = await modelInfo({ ...common, ...id, additionalFields: ['sha'] });
    const { sha: commit } = Info.parse(info);
    const files = new Map<string, HubFile>();
    let numEntries = 0;
    for await (const item of listFiles({ ...common, repo: { type: 'model', name: id.name }, revision: commit })) {
      numEntries += 1;
      if (numEntries > MAX_ENTRIES) throw new RangeError(`more than ${MAX_ENTRIES} files`);
      const { type, path: name, oid, lfs, size } = Entry.parse(item);
      if (type === 'file' && isPlainFileName(name))
        files.set(name, { name, size: lfs?.size ?? size, etag: lfs?.oid ?? oid });
    }
    return { commit, files };
  } catch (cause) {
    if (cause instanceof HubError || connection.signal?.aborted === true) throw cause;
    const got = cause instanceof z.ZodError ? faultsOf(cause) : String(cause);
    const message = `${formatHubId(id)}: expected the hub's description of a model from ${endpoint}, got ${got}`;
    throw new HubError('HUB_ANSWER_INVALID', message, { cause });
  }
}

/**
 * The door through which the client library reaches the network. It is given no token: `ask` adds it where it may go,
 * also when a listing continues on a page that its answer names.
 */
function boundedFetch(connection: HubConnection): typeof fetch {
  let numRequests = 0;
  return async (address) => {
    numRequests += 1;
    if (numRequests > MAX_REQUESTS) throw new RangeError(`more than ${MAX_REQUESTS} pages`);
    const url = typeof address === 'object' && 'url' in address ? address.url : String(address);
    const { status, headers, body } = await ask(connection, url, { accept: 'application/json' });
    const chunks: Uint8Array[] = [];
    let numBytes = 0;
    for await (const chunk of body) {
      numBytes += chunk.length;
      if (numBytes > MAX_ANSWER_BYTES) throw new RangeError(`more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    const link = headers.get('link');
    return new Response(Buffer.concat(chunks), { status, ...(link === null ? {} : { headers: { link } }) });
  };
}
