// Names of files and of classes that a terminal, a spreadsheet or a page might act on.
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BASE = fileURLToPath(new URL('../golden/families/timm-patch16', import.meta.url));

export const NAMES = [
  { what: 'a newline', name: 'line\nbreak.png' },
  { what: 'a terminal escape that clears the screen', name: 'clear\u001b[2J.png' },
  { what: 'a link escape (OSC 8)', name: 'link\u001b]8;;http:evil\u0007x.png' },
  { what: 'a right-to-left override', name: 'gnp\u202egpj.png' },
  { what: 'quotes of three kinds', name: `"double" 'single' \`back\`.png` },
  { what: 'a script element', name: '<script>alert(1)<script>.png' },
  { what: 'a spreadsheet formula', name: '=1+cmd.png' },
  { what: 'a leading plus', name: '+1.png' },
  { what: 'a leading at sign', name: '@SUM(1).png' },
  { what: 'letters beyond Latin, an emoji', name: '猫 кот 🐈‍⬛.png' },
];

/** What a name holds, in the order of the table: a path of each, then the bytes that are no UTF-8. */
export function writeNames(folder, good) {
  mkdirSync(folder, { recursive: true });
  for (const { name } of NAMES) copyFileSync(good, join(folder, name));
}

/** A copy of a whole checkpoint whose classes have the names above. */
export function writeLabels(folder) {
  cpSync(BASE, folder, { recursive: true });
  const path = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.label_names = config.label_names.map((_, i) => NAMES[i].name);
  writeFileSync(path, JSON.stringify(config));
  return config.label_names;
}

/** A file whose name is the byte FF, which no UTF-8 text has. */
export function writeForeignName(folder, good) {
  mkdirSync(folder, { recursive: true });
  copyFileSync(good, Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff]), Buffer.from('.png')]));
}

/** Whether text holds nothing that a terminal acts on. */
export function isHarmless(text) {
  return !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text.replaceAll('\n', ''));
}
