// npm run fuzz -- [target …]: RUNS inputs (default 1,000,000, shared among the targets) from SEED (default 1). Ends with 1
// at the first input that a parser answers with anything but a value or an error of its own, slowly, or with too much memory.
import { takeLargest } from './allocations.mjs';
import { randomFrom } from './random.mjs';

const { TARGETS } = await import('./targets.mjs'); // After the arrays are watched.

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(TARGETS);
const runs = Math.ceil(Number(process.env.RUNS ?? 1_000_000) / names.length);
const seed = Number(process.env.SEED ?? 1);
const MAX_MILLISECONDS = 2000;
/** A 1,000-pixel limit on pictures and the kilobytes of the inputs leave no reason for more. */
const MAX_BYTES = 8 * 2 ** 20;

console.log(`seed ${seed}, Node ${process.version}`);
for (const name of names) report(name, await fuzz(TARGETS[name]));

async function fuzz(target) {
  const random = randomFrom(seed);
  const tally = { accepted: 0, refused: 0, slowest: 0, largest: 0 };
  for (let i = 0; i < runs; i++) {
    const input = target.make(random);
    const started = process.cpuUsage();
    takeLargest();
    const answer = await answerOf(target, input);
    const took = milliseconds(process.cpuUsage(started));
    const largest = takeLargest();
    tally[answer]++;
    tally.slowest = Math.max(tally.slowest, took);
    tally.largest = Math.max(tally.largest, largest);
    if (took > MAX_MILLISECONDS) fail(target, input, `${took.toFixed(0)} ms`);
    if (largest > MAX_BYTES) fail(target, input, `an array of ${largest} bytes`);
  }
  return tally;
}

/** Of the processor, so that a busy machine makes no input slow. */
function milliseconds({ user, system }) {
  return (user + system) / 1000;
}

async function answerOf(target, input) {
  try {
    await target.run(input);
    return 'accepted';
  } catch (error) {
    if (!target.codes.includes(error?.code)) fail(target, input, error?.stack ?? String(error));
    return 'refused';
  }
}

function fail(target, input, what) {
  console.error(`${what}\ninput: ${target.show(input)}`);
  process.exit(1);
}

function report(name, { accepted, refused, slowest, largest }) {
  const total = (accepted + refused).toLocaleString('en');
  const kibi = Math.ceil(largest / 1024).toLocaleString('en');
  console.log(
    `${name.padEnd(13)} ${total.padStart(9)} inputs: ${accepted} accepted, ${refused} refused; ` +
      `slowest ${slowest.toFixed(0)} ms, largest array ${kibi} KiB`,
  );
}
