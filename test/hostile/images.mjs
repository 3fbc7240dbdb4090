// Image files as nobody should send them, each with what it is.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import sharp from 'sharp';

const MEBI = 2 ** 20;

/** Writes every file into `folder`; in the order of the table. */
export async function writeImages(folder) {
  mkdirSync(folder, { recursive: true });
  const made = [];
  const put = (name, what, bytes) => {
    writeFileSync(join(folder, name), bytes);
    made.push({ name, what });
  };
  const photo = noise(320, 240);
  const jpeg = await photo.clone().jpeg().toBuffer();
  const png = await photo.clone().png().toBuffer();
  const webp = await photo.clone().webp().toBuffer();

  put('empty.jpg', 'no bytes', Buffer.alloc(0));
  put('text.jpg', 'text under an image’s name', 'This is not a picture.\n');
  put('cut.jpg', 'a JPEG cut in half', jpeg.subarray(0, jpeg.length / 2));
  put('cut.png', 'a PNG cut in half', png.subarray(0, png.length / 2));
  put('cut.webp', 'a WebP cut in half', webp.subarray(0, webp.length / 2));
  put('header-only.jpg', 'the first three bytes of a JPEG', jpeg.subarray(0, 3));
  put('zero.png', 'a PNG header of 0 × 0', onePng(0, 0));
  put('zero.jpg', 'a JPEG header of height 0', withoutHeight(jpeg));
  put('zero.bmp', 'a BMP header of 0 × 0', bmp(0, 0));
  put('vast.bmp', 'a BMP header of 2³¹−1 × 2³¹−1', bmp(2 ** 31 - 1, 2 ** 31 - 1));
  put('one.png', '1 × 1 pixel', onePng(1, 1));
  put('thin.png', '1 × 30,000 pixels', onePng(1, 30_000));
  put('wide.png', '30,000 × 1 pixels', onePng(30_000, 1));
  put('bomb.png', '30,000 × 30,000 pixels in 110 kB', onePng(30_000, 30_000));
  put('outside.svg', 'an SVG that links to a host and to a file', OUTSIDE_SVG);
  put('laughs.svg', 'an SVG of a billion entities', LAUGHS_SVG);
  put('uses.svg', 'an SVG of 10⁹ copies by nested use', USES_SVG);
  put(
    'many.svg',
    'an SVG of a million elements',
    `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${'<g/>'.repeat(1e6)}</svg>`,
  );
  put('animated.gif', 'an animation of three pictures', await animation());
  put('pages.tiff', 'a TIFF of two pages', await twoPages());
  put('tail.jpg', 'a JPEG with 100 MiB of zeros behind it', jpeg);
  appendFileSync(join(folder, 'tail.jpg'), Buffer.alloc(100 * MEBI));
  put(
    'large.jpg',
    'a JPEG of 100 MB',
    await noise(8200, 6400).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
  );
  mkdirSync(join(folder, 'folder.jpg'), { recursive: true });
  made.push({ name: 'folder.jpg', what: 'a folder under an image’s name', named: true });
  execFileSync('mkfifo', [join(folder, 'pipe.jpg')]);
  made.push({ name: 'pipe.jpg', what: 'a FIFO without a writer' });
  return made;
}

function noise(width, height) {
  const data = Buffer.alloc(width * height * 3);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A PNG of one bit a pixel, all black, whatever its size. */
function onePng(width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(8 + body.length);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}

function withoutHeight(jpeg) {
  const bytes = Buffer.from(jpeg);
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  bytes.writeUInt16BE(0, frame + 5);
  return bytes;
}

function bmp(width, height) {
  const bytes = Buffer.alloc(54 + 64);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

async function animation() {
  const frames = await Promise.all(
    [1, 2, 3].map((i) =>
      flat(i * 60)
        .png()
        .toBuffer(),
    ),
  );
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: [50, 50, 50] })
    .toBuffer();
}

async function twoPages() {
  const pages = await Promise.all([40, 200].map((level) => flat(level).png().toBuffer()));
  return sharp(pages, { join: { animated: true } })
    .tiff({ compression: 'lzw' })
    .toBuffer();
}

function flat(level) {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: { r: level, g: 0, b: 255 - level } } });
}

const OUTSIDE_SVG = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
<image xlink:href="http://127.0.0.1:9/beacon.png" width="64" height="64"/>
<image xlink:href="file:///etc/passwd" width="64" height="64"/><rect width="32" height="32" fill="red"/></svg>`;

const LAUGHS_SVG = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">
${'bcdefghij'
  .split('')
  .map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]};`.repeat(10)}">`)
  .join('\n')}
]><svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><text y="20">&j;</text></svg>`;

const USES_SVG = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"><defs>
<rect id="u0" width="9" height="9"/>
${Array.from({ length: 9 }, (_, i) => `<g id="u${i + 1}">${`<use xlink:href="#u${i}"/>`.repeat(10)}</g>`).join('\n')}
</defs><use xlink:href="#u9"/></svg>`;
