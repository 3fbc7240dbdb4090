// What the benchmarks share: runs in turns, medians, and results with the machine they were taken on.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

/** Milliseconds in which the threads of a side that has computed go to sleep. */
const SETTLING = 50;

/**
 * Milliseconds of each side's `compute`, all sides in turn in every round, after `warmUp` rounds that are not counted: a
 * machine that slows down slows them all. Before each, threads of the one before that still look for work go to sleep.
 *
 * @param {Record<string, { compute: () => unknown }>} sides
 * @returns {Promise<Record<string, number[]>>}
 */
export async function inTurns(sides, { rounds, warmUp = 2 }) {
  const milliseconds = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const [name, { compute }] of Object.entries(sides)) {
      await setTimeout(SETTLING);
      const start = performance.now();
      // A side in another process says itself how long it took.
      const own = await compute();
      if (round >= 0) milliseconds[name].push(typeof own === 'number' ? own : performance.now() - start);
    }
  }
  return milliseconds;
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Two digits after the point. */
export function rounded(value) {
  return Math.round(value * 100) / 100;
}

/** Of bytes, whole mebibytes. */
export function mebibytes(bytes) {
  return Math.round(bytes / 2 ** 20);
}

/** Numbers in −1…1 from a linear congruential generator (Numerical Recipes). */
export function uniform(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/**
 * Writes results/NAME.json: `facts`, the machine they were found on, the rows; and the rows into docs/native.md, between the
 * comments NAME and /NAME.
 */
export function save(name, facts, rows) {
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}`;
  const result = { ...facts, machine, platform: `${process.platform}-${process.arch}`, node: process.version, rows };
  writeResult(`${name}.json`, result);
  writeTable(name, result);
  console.log(`${machine}, Node ${process.version}: bench/results/${name}.json`);
}

/** Writes `result`, what was found and where, as bench/results/FILE. */
export function writeResult(file, result) {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(file, folder), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Puts text on a page of docs/, between its comments NAME and /NAME; nothing where it has none. */
export function writeBetween(page, name, text) {
  const file = new URL(`../docs/${page}`, import.meta.url);
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [before, rest] = readFileSync(file, 'utf8').split(start);
  if (rest !== undefined) writeFileSync(file, `${before}${start}${text}\n${end}${rest.split(end)[1]}`);
}

function writeTable(name, { what, command, native, machine, node, rounds, rows }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isNumber = (key) => rows.every((row) => row[key] === undefined || typeof row[key] === 'number');
  const lines = [
    `${what[0].toUpperCase()}${what.slice(1)}. \`${command}\`, ${rounds} rounds, ${machine}, Node ${node}${native === undefined ? '' : `, native: ${native}`}.`,
    '',
    `| ${names.map(heading).join(' | ')} |`,
    `| ${names.map((key) => (isNumber(key) ? '---:' : '---')).join(' | ')} |`,
    ...rows.map((row) => `| ${names.map((key) => row[key] ?? '').join(' | ')} |`),
  ];
  writeBetween('native.md', name, lines.join('\n'));
}

/** peakMiB → peak MiB */
function heading(key) {
  const words = key.split(/(?<=[a-z])(?=MiB$|[A-Z][a-z]+(?!B$))/);
  return words.map((word) => (word === 'MiB' ? word : word.toLowerCase())).join(' ');
}
