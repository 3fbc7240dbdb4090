// What goes wrong around a command while it runs: readers that leave, disks that fill, signals, files that vanish.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, copyFileSync, chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const INTERRUPTIONS = [
  {
    what: 'the reader leaves: `classify … | head -1`',
    expected: 'one line, nothing on stderr',
    run: async (place) => {
      const { stdout, stderr } = await shell(
        place,
        `${command(place)} classify ${`'${place.good}' `.repeat(40)} --format jsonl --quiet | head -1`,
      );
      return verdict(
        stdout.split('\n').length === 2 && stderr === '',
        `${stdout.split('\n').length - 1} line, ${stderr.length} bytes on stderr`,
      );
    },
  },
  {
    what: 'standard output is full: `> /dev/full`',
    expected: 'exit code 1, one line',
    run: async (place) => {
      const { code, stderr } = await shell(place, `${command(place)} classify '${place.good}' --quiet > /dev/full`);
      return verdict(code === 1 && isOneLine(stderr), `${code}: ${stderr.trim()}`);
    },
  },
  {
    what: 'the disk is full: `--output` on a full disk',
    expected: 'exit code 1, one line',
    run: async (place) => {
      const { code, stderr } = await shell(
        place,
        `${command(place)} classify '${place.good}' --quiet --output /dev/full`,
      );
      return verdict(code === 1 && isOneLine(stderr), `${code}: ${stderr.trim()}`);
    },
  },
  {
    what: 'SIGINT in the middle of a batch with `--output`',
    expected: 'exit code 130, the finished results whole in the file',
    run: (place) => interrupted(place, ['SIGINT'], 130),
  },
  {
    what: 'SIGINT twice',
    expected: 'exit code 130 at once, no temporary file taken for a result',
    run: (place) => interrupted(place, ['SIGINT', 'SIGINT'], 130),
  },
  {
    what: 'SIGTERM',
    expected: 'exit code 143, the finished results whole in the file',
    run: (place) => interrupted(place, ['SIGTERM'], 143),
  },
  {
    what: 'a file is removed while the batch runs',
    expected: 'one result with IMAGE_NOT_FOUND, the rest classified',
    run: removed,
  },
  {
    what: 'a file that this user may not read',
    expected: 'one result with IMAGE_UNREADABLE',
    run: unreadable,
  },
];

function command({ main }) {
  return `'${process.execPath}' '${main}'`;
}

function verdict(isRight, seen) {
  return { seen: seen.replaceAll('|', '\\|'), fault: isRight ? undefined : seen };
}

function isOneLine(text) {
  return text.trim().split('\n').length === 1 && !text.includes('bug in patchlens');
}

function shell({ cwd }, line) {
  return endOf(spawn('bash', ['-c', line], { cwd, env: { ...process.env, NO_COLOR: '1' } }));
}

/** How a process ended, and all that it said. */
export function endOf(child) {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A batch from a pipe that never ends, stopped when some results are there. */
async function interrupted({ main, cwd, folder, good }, signals, expected) {
  const output = join(folder, `interrupted-${signals.join('-')}`, 'out.jsonl');
  mkdirSync(join(output, '..'), { recursive: true });
  const argv = [
    main,
    'classify',
    '--files-from',
    '-',
    '--format',
    'jsonl',
    '--batch-size',
    '1',
    '--output',
    output,
    '--quiet',
  ];
  const child = spawn(process.execPath, argv, { cwd });
  const end = endOf(child);
  child.stdin.on('error', () => {});
  for (let i = 0; i < 40; i++) child.stdin.write(`${good}\n`);
  await firstBytes(join(output, '..'));
  for (const signal of signals) child.kill(signal);
  const { code, signal, stderr } = await end;
  const status = code ?? (signal === 'SIGTERM' ? 143 : 130);
  const left = readdirSync(join(output, '..')).filter((name) => name.endsWith('.tmp'));
  const lines = existsSync(output) ? readFileSync(output, 'utf8').trimEnd().split('\n') : [];
  const whole = lines.every((line) => JSON.parse(line).status === 'ok');
  rmSync(join(output, '..'), { recursive: true });
  const hasResults = signals.length > 1 || lines.length > 0;
  return verdict(
    status === expected && whole && hasResults && (signals.length > 1 || left.length === 0) && isOneLine(`${stderr} `),
    `${status}, ${lines.length} whole lines, ${left.length} temporary files: ${stderr.trim() || 'silent'}`,
  );
}

/** Ends when a file below has some: the first result is out. */
async function firstBytes(folder) {
  const limit = performance.now() + 60_000;
  const hasBytes = () => readdirSync(folder).some((name) => statSync(join(folder, name)).size > 0);
  while (!hasBytes()) {
    if (performance.now() > limit) throw new Error(`${folder}: expected a result within 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function removed({ main, cwd, folder, good }) {
  const path = join(folder, 'vanishing.png');
  copyFileSync(good, path);
  const argv = [main, 'classify', '--files-from', '-', '--format', 'jsonl', '--batch-size', '1', '--quiet'];
  const child = spawn(process.execPath, argv, { cwd });
  const end = endOf(child);
  child.stdin.write(`${good}\n`);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  rmSync(path);
  child.stdin.end(`${path}\n${good}\n`);
  const { code, stdout } = await end;
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const seen = results.map(({ status, error }) => error?.code ?? status).join(', ');
  return verdict(code === 1 && seen === 'ok, IMAGE_NOT_FOUND, ok', `${code}: ${seen}`);
}

/** Root may read everything, so root becomes somebody else for this. */
async function unreadable({ main, cwd, folder, good }) {
  const path = join(folder, 'secret.png');
  copyFileSync(good, path);
  chmodSync(path, 0);
  chmodSync(folder, 0o755);
  const argv = [main, 'classify', path, '--format', 'jsonl', '--quiet'];
  const isRoot = process.getuid?.() === 0;
  const { code, stdout } = await endOf(
    spawn(process.execPath, argv, { cwd, ...(isRoot && { uid: 65534, gid: 65534 }) }),
  );
  const { error } = JSON.parse(stdout);
  return verdict(code === 1 && error?.code === 'IMAGE_UNREADABLE', `${code}: ${error?.message.replace(folder, '…')}`);
}
