import { HubError } from '../../errors.ts';
import type { HubId } from './hub-id.ts';
import { formatHubId } from './hub-id.ts';

/** How one model is asked for. */
export interface HubConnection {
  readonly id: HubId;
  /** `https://huggingface.co`, without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly idleTimeout: number;
  readonly signal: AbortSignal | undefined;
}

export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** To be iterated; the connection is closed when the loop ends, however it ends. */
  readonly body: AsyncGenerator<Uint8Array, void>;
}

const MAX_REDIRECTS = 8;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Asks the hub, following redirects by hand so that the token goes to the hub's own origin and to no other, not even
 * back from there.
 *
 * @throws HubError, or the signal's reason.
 */
export async function ask(
  connection: HubConnection,
  address: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HubAnswer> {
  const patience = patienceOf(connection);
  try {
    const response = await follow(connection, address, headers, patience.signal);
    if (!response.ok) {
      await response.body?.cancel();
      throw refusal(connection, response);
    }
    return { status: response.status, headers: response.headers, body: bodyOf(connection, response, patience) };
  } catch (cause) {
    patience.end();
    throw failure(connection, cause);
  }
}

async function follow(
  { endpoint, token, id }: HubConnection,
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const hub = new URL(endpoint).origin;
  let url = new URL(address);
  let isHub = true;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    isHub &&= url.origin === hub;
    const authorization = isHub && token !== undefined ? { authorization: `Bearer ${token}` } : {};
    const response = await fetch(url, { headers: { ...headers, ...authorization }, redirect: 'manual', signal });
    if (!REDIRECTS.has(response.status)) return response;
    await response.body?.cancel();
    url = redirectTarget(response, url, id);
  }
  throw new HubError(
    'HUB_ANSWER_INVALID',
    `${formatHubId(id)}: expected at most ${MAX_REDIRECTS} redirects from ${hub}`,
  );
}

function redirectTarget(response: Response, from: URL, id: HubId): URL {
  const location = response.headers.get('location') ?? '';
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  // Never from an encrypted connection to an open one.
  if (target !== undefined && (target.protocol === 'https:' || target.protocol === from.protocol)) return target;
  throw new HubError(
    'HUB_ANSWER_INVALID',
    `${formatHubId(id)}: expected a redirect from ${from.origin} to https, got ${JSON.stringify(location)}`,
  );
}

async function* bodyOf(
  connection: HubConnection,
  response: Response,
  patience: Patience,
): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) return;
      patience.renew();
      yield next.value;
    }
  } catch (cause) {
    throw failure(connection, cause);
  } finally {
    patience.end();
    // What was not read is not wanted: close the connection rather than drain a gigabyte.
    await reader?.cancel().catch(() => undefined);
  }
}

interface Patience {
  readonly signal: AbortSignal;
  renew(): void;
  end(): void;
}

/** A signal that aborts when the caller's does, or when nothing has renewed it for the idle timeout. */
function patienceOf({ idleTimeout, signal }: HubConnection): Patience {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error(`no byte for ${idleTimeout / 1000} s`)), idleTimeout);
  return {
    signal: AbortSignal.any([idle.signal, ...(signal === undefined ? [] : [signal])]),
    renew: () => timer.refresh(),
    end: () => clearTimeout(timer),
  };
}

/** Whatever went wrong below HTTP. */
function failure({ id, endpoint, signal }: HubConnection, cause: unknown): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (cause instanceof HubError) return cause;
  return new HubError(
    'HUB_UNREACHABLE',
    `${formatHubId(id)}: expected an answer from ${endpoint}, got ${reasonOf(cause)}. Check the network; ` +
      'HF_HUB_OFFLINE=1 takes what is in the cache as it is.',
    { cause },
  );
}

/** fetch says «fetch failed» and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error ? String(error.code) : error.message;
}

/** Whatever HTTP says. The hub tells apart in X-Error-Code what it gives one status. */
function refusal({ id, endpoint, token }: HubConnection, response: Response): HubError {
  const { status } = response;
  const where = formatHubId(id);
  const reason = response.headers.get('x-error-code');
  if (reason === 'GatedRepo') {
    const remedy = `Accept it at ${endpoint}/${id.name} and set HF_TOKEN to a token of the same account.`;
    return new HubError('HUB_FORBIDDEN', `${where}: expected access, got a licence to accept first. ${remedy}`);
  }
  if (reason === 'RevisionNotFound') {
    return new HubError('HUB_NOT_FOUND', `${where}: expected a branch, tag or commit of ${id.name}, got none so named`);
  }
  if (status === 404 || (status === 401 && token === undefined)) {
    const remedy = token === undefined ? 'For a private model, set HF_TOKEN.' : 'HF_TOKEN may not see it.';
    return new HubError(
      'HUB_NOT_FOUND',
      `${where}: expected a model on ${endpoint}, got none. Check the name. ${remedy}`,
    );
  }
  if (status === 401 || status === 403) {
    const remedy = 'Set HF_TOKEN to a token that may read it.';
    return new HubError('HUB_FORBIDDEN', `${where}: expected access, got status ${status} from ${endpoint}. ${remedy}`);
  }
  if (status === 429 || status >= 500) {
    return new HubError(
      'HUB_UNREACHABLE',
      `${where}: expected an answer, got status ${status} from ${endpoint}. Try later.`,
    );
  }
  return new HubError('HUB_ANSWER_INVALID', `${where}: expected an answer, got status ${status} from ${endpoint}`);
}
