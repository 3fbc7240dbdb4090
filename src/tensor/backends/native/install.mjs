// Compiles the kernels when the package is installed, here in a clone and in the installed package alike, unless a
// prebuilt binary for this platform came with it and loads; `--compile` compiles in any case. Asks no host: the headers are
// those beside Node or of the package node-api-headers. Whatever fails is one line, and exit code 0, because the wasm
// backend needs none of this.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const BUILD = join(FOLDER, 'build');
// Not inside `build`, which node-gyp empties before it begins.
const HEADERS = join(FOLDER, 'headers');
const BINARY = join(FOLDER, 'patchlens.node');
/** Where addon.ts looks when nothing was compiled. */
const PREBUILT = join(FOLDER, 'prebuilt', `${process.platform}-${process.arch}`, 'patchlens.node');
const LOG = join(FOLDER, 'build.log');
const LIMIT_SECONDS = 120;

if (!process.argv.includes('--compile') && existsSync(PREBUILT) && loads(PREBUILT)) {
  console.error(`patchlens: the native backend is the prebuilt binary for ${process.platform}-${process.arch}`);
} else {
  const failure = await build();
  for (const folder of [BUILD, HEADERS]) rmSync(folder, { recursive: true, force: true });
  if (failure !== undefined) {
    rmSync(BINARY, { force: true });
    console.error(`patchlens: the native backend was not compiled, so wasm computes instead: ${failure}`);
  }
}

/** Compiles and tries the binary; says what stood in the way, if anything did. */
async function build() {
  rmSync(LOG, { force: true });
  if (process.platform === 'win32') return 'compiling at install time is not supported on Windows';
  const compiler = [process.env.CXX, 'g++', 'clang++', 'c++'].find(runs);
  if (compiler === undefined) return 'no C++ compiler found (g++ or clang++)';
  const nodeGyp = findNodeGyp();
  if (nodeGyp === undefined) return 'node-gyp not found (it comes with npm)';
  const headers = headersBesideNode() ?? (await headersOfPackage());
  if (headers === undefined) return 'the headers of Node-API not found';
  const problem = await compile(nodeGyp, headers, compiler);
  if (problem !== undefined) return `${problem}, see ${LOG}`;
  renameSync(join(BUILD, 'Release', 'patchlens.node'), BINARY);
  return loads(BINARY) ? undefined : 'the compiled binary does not load in this Node';
}

function runs(command) {
  // By the shell, because CXX may say more than a name: «ccache g++».
  return Boolean(command) && spawnSync(`${command} --version`, { shell: true, stdio: 'ignore' }).status === 0;
}

/** npm, pnpm and yarn name their own copy; `npm` beside Node has one too. */
function findNodeGyp() {
  const npm = process.env.npm_execpath;
  const candidates = [
    process.env.npm_config_node_gyp,
    npm && join(dirname(npm), '../node_modules/node-gyp/bin/node-gyp.js'),
    join(dirname(process.execPath), '../lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'),
  ];
  return candidates.find((path) => path !== undefined && existsSync(path));
}

/** The prefix that Node was installed under, if its headers are there too. */
function headersBesideNode() {
  const prefix = join(dirname(process.execPath), '..');
  const isWhole = ['node_api.h', 'common.gypi'].every((file) => existsSync(join(prefix, 'include/node', file)));
  return isWhole ? prefix : undefined;
}

/** A folder laid out as node-gyp expects one, with the headers of node-api-headers. */
async function headersOfPackage() {
  try {
    const { default: headers } = await import('node-api-headers');
    const target = join(HEADERS, 'include/node');
    cpSync(headers.include_dir, target, { recursive: true });
    cpSync(join(FOLDER, 'common.gypi'), join(target, 'common.gypi'));
    return HEADERS;
  } catch {
    return undefined;
  }
}

/** Runs node-gyp with its output in the log; what went wrong, if anything did. */
function compile(nodeGyp, headers, compiler) {
  const log = openSync(LOG, 'w');
  const child = spawn(
    process.execPath,
    [nodeGyp, 'rebuild', '--release', '--jobs=max', `--nodedir=${headers}`, '-C', FOLDER],
    {
      env: { ...process.env, CXX: compiler },
      stdio: ['ignore', log, log],
      // A group of its own, so that the compiler ends with it.
      detached: true,
    },
  );
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      resolve(`it took longer than ${LIMIT_SECONDS} s`);
    }, LIMIT_SECONDS * 1000);
    child.on('error', ({ message }) => done(message));
    child.on('exit', (code) => done(code === 0 ? undefined : 'the build failed'));
    function done(problem) {
      clearTimeout(timer);
      resolve(problem);
    }
  });
}

/** In a process of its own, because a binary for other libraries may end it. */
function loads(binary) {
  return spawnSync(process.execPath, ['-e', 'require(process.argv[1])', binary], { stdio: 'ignore' }).status === 0;
}
