const MAX_LENGTH = 255;

/**
 * Whether a name that a hub, an index or an archive gives can be joined to a folder without leaving it, on any system: no
 * separators, no drive or stream (`:`), no control characters, neither `.` nor `..`.
 */
export function isPlainFileName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > MAX_LENGTH) return false;
  return !/[/\\:\p{Cc}]/u.test(name);
}
