// Preloaded (`node --import`) into a program that is timed: writes the most memory it had, in bytes, to PEAK_MEMORY_FILE.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS * 1024)));
}
