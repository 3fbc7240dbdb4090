// npm run test:hostile: every bad input once, through the built command. Ends with 1 when one of them is answered with
// another exit code than it should be, with a stack, slowly, or with much memory. With --write the tables of
// docs/hostile-input.md are replaced by what was seen.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'csv-parse/sync';
import sharp from 'sharp';

import { writeCheckpoints } from './checkpoints.mjs';
import { COMMAND_LINES } from './command-lines.mjs';
import { writeImages } from './images.mjs';
import { endOf, INTERRUPTIONS } from './interruptions.mjs';
import { NAMES, isHarmless, writeForeignName, writeLabels, writeNames } from './names.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = `${REPOSITORY}dist/cli/main.js`;
const PAGE = `${REPOSITORY}docs/hostile-input.md`;
const MAX_SECONDS = 30;
const MAX_MEBIBYTES = 1024;

const folder = mkdtempSync(join(tmpdir(), 'patchlens-hostile-'));
const good = join(folder, 'good.png');
const faults = [];
try {
  await sharp({ create: { width: 96, height: 96, channels: 3, background: 'teal' } }).toFile(good);
  const tables = {
    images: table(await imageRows()),
    checkpoints: table(await checkpointRows()),
    names: table(await nameRows()),
    'command lines': table(await commandRows()),
    interruptions: table(await interruptionRows()),
  };
  for (const [name, text] of Object.entries(tables)) console.log(`\n${name}\n${text}`);
  if (process.argv.includes('--write')) writePage(tables);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(`fault: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

async function imageRows() {
  const rows = [];
  for (const { name, what } of await writeImages(join(folder, 'images'))) {
    const list = join(folder, 'list.txt');
    // Beside a good one, which must be classified whatever the other is.
    writeFileSync(list, `${join(folder, 'images', name)}\n${good}\n`);
    const ended = await patchlens(['classify', '--files-from', list, '--format', 'jsonl', '--top-k', '1', '--quiet']);
    const results = ended.stdout.trim().split('\n').map(parsed);
    const bad = results[0];
    if (results.length !== 2 || results[1]?.status !== 'ok') faults.push(`${name}: the batch did not go on`);
    check(name, ended, bad?.status === 'ok' ? [0] : [1]);
    const line =
      bad?.status === 'ok' ? `classified: ${bad.predictions[0].label}` : `${bad?.error.code}: ${bad?.error.message}`;
    rows.push(row(what, ended, line));
  }
  return rows;
}

async function checkpointRows() {
  const rows = [];
  for (const { name, what } of writeCheckpoints(join(folder, 'checkpoints'))) {
    const model = join(folder, 'checkpoints', name);
    const ended = await patchlens(['classify', good, '--model', model, '--quiet', '--top-k', '1']);
    check(name, ended, name === 'unknown' ? [0] : [4]);
    rows.push(row(what, ended, ended.code === 0 ? 'classified: its tensors say what it is' : ended.stderr));
  }
  return rows;
}

/** The same files in three formats: what the terminal shows, what JSON gives back, what a spreadsheet gets. */
async function nameRows() {
  const place = join(folder, 'names');
  writeNames(place, good);
  const names = NAMES.map(({ name }) => name);
  const model = join(folder, 'named');
  const labels = writeLabels(model);
  const run = async (format, ...options) => {
    const argv = ['classify', '--format', format, '--top-k', '1', '--quiet', ...options, '--', ...names];
    const ended = await patchlens(argv, place);
    check(`names as ${format}`, ended, [0]);
    // What reads CSV from a pipe gets the names as they are.
    if (format !== 'csv' && !isHarmless(ended.stdout)) faults.push(`names as ${format}: a control got through`);
    return ended.stdout;
  };
  const shown = (await run('table')).trimEnd().split('\n').slice(1);
  const paths = JSON.parse(await run('json')).map(({ path }) => path);
  const cells = parse(await run('csv')).slice(1);
  if (shown.length !== names.length) faults.push(`names as table: expected ${names.length} rows, got ${shown.length}`);
  await checkLabels(model, labels);
  const rows = NAMES.map(({ what, name }, i) => {
    const isSame = paths[i] === name;
    if (!isSame) faults.push(`${what}: JSON gives another name back`);
    const [cell] = cells[i];
    return `| ${what} | ${verbatim(shown[i].split('  ')[0])} | ${isSame ? 'the same name' : 'another name'} | ${verbatim(escaped(cell))} |`;
  });
  return [
    '| a name with | the terminal shows | JSON gives back | a CSV cell holds |',
    '| --- | --- | --- | --- |',
    ...rows,
    await foreignRow(),
  ];
}

/** As the page can show it. */
function escaped(text) {
  return text.replace(/[\p{Cc}\u202a-\u202e]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function checkLabels(model, labels) {
  const ended = await patchlens(['classify', good, '--model', model, '--format', 'json', '--top-k', '7', '--quiet']);
  const seen = JSON.parse(ended.stdout)[0].predictions.map(({ label }) => label);
  if (!isHarmless(ended.stdout)) faults.push('labels: a control got through');
  if (seen.toSorted().join() !== labels.toSorted().join()) faults.push('labels: JSON gives others back');
}

async function foreignRow() {
  const place = join(folder, 'foreign');
  writeForeignName(place, good);
  const ended = await patchlens(['classify', place, '--format', 'jsonl', '--quiet']);
  check('a name that is not UTF-8', ended, [1]);
  const { path, error } = JSON.parse(ended.stdout);
  return `| a byte that is no UTF-8 | ${verbatim(path.replace(folder, '…'))} | ${error.code} | ${verbatim(error.message.replace(folder, '…'))} |`;
}

function verbatim(text) {
  return `\`\` ${text.trim().replaceAll('|', '\\|')} \`\``;
}

async function commandRows() {
  const rows = [];
  for (const { what, line, code } of COMMAND_LINES) {
    const ended = await patchlens(line.split(' '));
    check(what, ended, [code]);
    rows.push(row(`${what}: \`${line}\``, ended, ended.stderr || ended.stdout));
  }
  return rows;
}

async function interruptionRows() {
  const rows = [];
  for (const { what, expected, run } of INTERRUPTIONS) {
    const { fault, seen } = await run({ main: MAIN, cwd: REPOSITORY, folder, good });
    if (fault !== undefined) faults.push(`${what}: ${fault}`);
    rows.push(`| ${what} | ${expected} | ${seen} |`);
  }
  return ['| what happens | what must be | what was seen |', '| --- | --- | --- |', ...rows];
}

function check(name, { code, stderr, seconds, mebibytes }, codes) {
  if (!codes.includes(code)) faults.push(`${name}: expected exit code ${codes.join(' or ')}, got ${code}`);
  if (stderr.includes('bug in patchlens') || stderr.trim().split('\n').length > 1) faults.push(`${name}: ${stderr}`);
  if (seconds > MAX_SECONDS) faults.push(`${name}: took ${seconds.toFixed(1)} s`);
  if (mebibytes > MAX_MEBIBYTES) faults.push(`${name}: took ${mebibytes} MiB`);
}

function row(what, { code, seconds, mebibytes }, line) {
  const shown = line.trim().replaceAll(folder, '…').replaceAll('|', '\\|');
  return `| ${what} | ${code} | ${seconds.toFixed(1)} | ${mebibytes} | ${shown} |`;
}

function table(rows) {
  const head = ['| input | exit code | s | MiB | the line |', '| --- | ---: | ---: | ---: | --- |'];
  return (rows[1].startsWith('| ---') ? rows : [...head, ...rows]).join('\n');
}

/** The command in a process of its own, with what it took at most. */
async function patchlens(argv, cwd = REPOSITORY) {
  const started = performance.now();
  const child = spawn('/usr/bin/time', ['-q', '-f', '%M', process.execPath, MAIN, ...argv], {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code, stdout, stderr } = await endOf(child);
  const lines = stderr.trimEnd().split('\n');
  const mebibytes = Math.round(Number(lines.pop()) / 1024);
  return { code, stdout, stderr: lines.join('\n'), seconds: (performance.now() - started) / 1000, mebibytes };
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function writePage(tables) {
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, text] of Object.entries(tables)) {
    page = page.replace(
      new RegExp(`(<!-- ${name} -->).*(<!-- /${name} -->)`, 's'),
      (_, start, end) => `${start}\n\n${text}\n\n${end}`,
    );
  }
  writeFileSync(PAGE, page);
}
