import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers a request instead of the hub; returns whether it did. */
export type Interception = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface HubServer {
  readonly url: string;
  /** What was asked, in order: `GET /path`, with the token that came with it. */
  readonly requests: {
    readonly line: string;
    readonly token: string | undefined;
    readonly range: string | undefined;
  }[];
  /** Set by a test to inject a fault. */
  intercept: Interception;
  close(): Promise<void>;
}

export interface HubModel {
  readonly name: string;
  readonly commit: string;
  /** Branches and tags that stand for the commit. */
  readonly revisions: readonly string[];
  readonly files: Readonly<Record<string, Uint8Array | string>>;
}

/** Files from this size on are kept in Git LFS: redirected to another server, and named by their SHA-256. */
const LFS_BYTES = 1000;

/**
 * A server with the routes of the Hugging Face Hub that a download takes: a model's commit, its files, their content.
 *
 * @param storage the address of the server that large files are redirected to.
 */
export async function startHub(model: HubModel, storage: string): Promise<HubServer> {
  return start((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://hub');
    const [, ...segments] = pathname.split('/').map(decodeURIComponent);
    const [prefix, ...rest] = segments[0] === 'api' ? [segments.slice(0, 2), ...segments.slice(2)] : ['', ...segments];
    const [organisation, name, route, revision = '', ...path] = rest;
    if (`${organisation}/${name}` !== model.name) return refuse(response, 404, 'RepoNotFound');
    if (revision !== model.commit && !model.revisions.includes(revision))
      return refuse(response, 404, 'RevisionNotFound');
    if (route === 'revision') return sendJson(response, { _id: '1', id: model.name, sha: model.commit });
    if (route === 'tree') return sendJson(response, treeOf(model));
    if (prefix === '' && route === 'resolve') return resolve(response, model, path.join('/'), storage);
    return refuse(response, 404, 'EntryNotFound');
  });
}

/** The content server: `/<sha256>` gives the file of that hash, whole or from the start of a range. */
export async function startStorage(model: HubModel): Promise<HubServer> {
  const contents = new Map(Object.values(model.files).map((file) => [sha256Of(file), Buffer.from(file)]));
  return start((request, response) => {
    const bytes = contents.get(request.url?.slice(1) ?? '');
    if (bytes === undefined) return refuse(response, 404, 'EntryNotFound');
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 ? range : {}) });
    response.end(bytes.subarray(from));
  });
}

export function sha256Of(file: Uint8Array | string): string {
  return createHash('sha256').update(file).digest('hex');
}

/** As Git names the content of a file. */
export function gitHashOf(file: Uint8Array | string): string {
  return createHash('sha1').update(`blob ${file.length}\0`).update(file).digest('hex');
}

function treeOf({ files }: HubModel): object[] {
  return Object.entries(files).map(([path, file]) => {
    const lfs = isLarge(file) ? { oid: sha256Of(file), size: file.length, pointerSize: 130 } : undefined;
    return { type: 'file', path, size: file.length, oid: gitHashOf(file), lfs };
  });
}

function isLarge(file: Uint8Array | string): boolean {
  return file.length >= LFS_BYTES;
}

function resolve(response: ServerResponse, model: HubModel, path: string, storage: string): void {
  const file = model.files[path];
  if (file === undefined) return refuse(response, 404, 'EntryNotFound');
  response.setHeader('x-repo-commit', model.commit);
  if (!isLarge(file)) {
    response.setHeader('etag', `"${gitHashOf(file)}"`);
    response.end(file);
    return;
  }
  const sha256 = sha256Of(file);
  const linked = { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': file.length };
  response.writeHead(302, { location: `${storage}/${sha256}`, ...linked }).end();
}

export function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code }).end(`${code}, with a text that is not for the user`);
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

async function start(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<HubServer> {
  const server = createServer((request, response) => {
    const { authorization, range } = request.headers;
    hub.requests.push({ line: `${request.method} ${request.url}`, token: authorization, range });
    if (!hub.intercept(request, response)) handle(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  const hub: HubServer = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    intercept: () => false,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return hub;
}
