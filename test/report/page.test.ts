import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { markup, name, visible } from '../../src/report/markup.ts';
import { page } from '../../src/report/page.ts';

describe('markup', () => {
  test('escapes text and numbers, and takes markup as it is', () => {
    const inner = [markup`<li>${'<script>'}</li>`, markup`<li>${2}</li>`];
    expect(markup`<ul title="${`"&'`}">${inner}${undefined}</ul>`.text).toBe(
      '<ul title="&#34;&#38;&#39;"><li>&#60;script&#62;</li><li>2</li></ul>',
    );
  });

  test('shows a name as text, whatever it holds', () => {
    expect(visible('a\nb\tc\r\u0000\u202egpj.exe')).toBe('a\\nb\\tc\\r\\u{0}\\u{202e}gpj.exe');
    expect(visible('\ud800 猫 قط 👩‍🚀')).toBe('\\u{d800} 猫 قط 👩‍🚀');
    expect(name('<img src=x onerror=alert(1)>').text).toBe(
      '<bdi class="name">&#60;img src=x onerror=alert(1)&#62;</bdi>',
    );
  });
});

describe('the page', () => {
  test('lets its own script run and no other', () => {
    const script = 'document.title += "!";';
    const text = page({ title: 'a </title><script>', body: markup`<p>text</p>`, script });
    const digest = createHash('sha256').update(script).digest('base64');
    expect(text).toContain(`script-src 'sha256-${digest}'`);
    expect(text).toContain(`<script>${script}</script>`);
    expect(text).toContain('<title>a &#60;/title&#62;&#60;script&#62;</title>');
  });

  test('without a script allows none, and never anything from the network', () => {
    const text = page({ title: 't', body: markup`<p></p>` });
    expect(text).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'none'");
    expect(text).not.toMatch(/<script|https?:/);
  });
});
