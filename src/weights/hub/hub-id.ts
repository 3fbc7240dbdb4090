/** A model on the Hugging Face Hub. */
export interface HubId {
  /** `org/name`. */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const DEFAULT_REVISION = 'main';
const MAX_LENGTH = 96;
// The hub's own rule: letters, digits, `-`, `_`, `.`; neither `-` nor `.` at an end.
const PART = /^(?![-.])[\w.-]+(?<![-.])$/;
// Narrower than Git's rule: a revision becomes a path in the cache.
const REVISION_PART = /^(?!\.)[\w.+-]+$/;

/** Reads `org/name[@revision]`; undefined when the text is not of that form. */
export function parseHubId(text: string): HubId | undefined {
  const [name = '', revision = DEFAULT_REVISION, ...rest] = text.split('@');
  const parts = name.split('/');
  const isName = parts.length === 2 && parts.every((part) => PART.test(part)) && name.length <= MAX_LENGTH;
  // The cache writes `/` as `--`, and the hub allows neither of these in a name.
  if (!isName || name.includes('--') || name.includes('..') || rest.length > 0) return undefined;
  return revision.split('/').every((part) => REVISION_PART.test(part)) ? { name, revision } : undefined;
}

/** `org/name`, with the revision where it is not the usual one. */
export function formatHubId({ name, revision }: HubId): string {
  return revision === DEFAULT_REVISION ? name : `${name}@${revision}`;
}
