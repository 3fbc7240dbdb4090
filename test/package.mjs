// Packs the project, installs the tarball into an empty project, and uses it there as its users do: the command, the
// import, the types. Needs the npm registry.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const IMAGES = join(REPOSITORY, 'images');
const IMAGE = join(IMAGES, 'ship/sails.jpg');

const CONSUMER = `
import { loadModel, type Prediction } from 'patchlens';

const model = await loadModel('cifar10-vit');
const [best]: Prediction[] = await model.classify(process.argv[2] ?? '', { topK: 1 });
console.log(best?.label, model.info.backend);
model.dispose();
`;

const folder = mkdtempSync(join(tmpdir(), 'patchlens-package-'));
try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], REPOSITORY);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
  run('npm', ['install', '--silent', `./${tarball}`, 'typescript', '@types/node@20'], folder);

  const line = run('npx', ['patchlens', 'classify', IMAGE, '--top-k', '1', '--format', 'jsonl', '--quiet'], folder);
  const { status, predictions } = JSON.parse(line);
  check(status === 'ok' && predictions.length === 1, `the command classifies: ${line}`);

  // The page's script is a file of its own in the package.
  run('npx', ['patchlens', 'attention', IMAGE, '--quiet', '--output', 'map.html'], folder);
  const page = readFileSync(join(folder, 'map.html'), 'utf8');
  check(page.includes('id="record"') && page.includes('requestAnimationFrame'), 'the command writes the explorer');

  // Memory is measured by a module that runs only once compiled, in a process that must not count its parent's.
  const flags = ['--models', 'cifar10-vit', '--rounds', '0', '--sample', '0', '--format', 'json', '--quiet'];
  const { memory } = JSON.parse(run('npx', ['patchlens', 'compare', IMAGES, ...flags], folder)).models[0];
  check(memory.peakBytes > memory.baselineBytes, `a model takes memory: ${JSON.stringify(memory)}`);

  // The package's own declarations are checked too, but not those of tfjs, which need the browser's.
  const strict = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck', '--types', 'node'];
  run('npx', ['tsc', ...strict, 'consumer.ts'], folder);
  const printed = run('node', ['consumer.js', IMAGE], folder).trim();
  check(printed.startsWith(predictions[0].label), `the import gives the command's answer: ${printed}`);
  const backend = printed.split(' ').at(-1);
  console.log(`package: command, import and types work from the tarball (${tarball}), on the ${backend} backend`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function check(holds, what) {
  if (!holds) throw new Error(`package: expected that ${what}`);
}
