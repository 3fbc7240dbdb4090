import { describe, expect, test } from 'vitest';

import { explorerPage } from '../../../src/report/explorer/explorer-page.ts';
import { pack, unpack } from '../../../src/report/explorer/packed.ts';
import { recordOf } from './record.ts';

async function pageOf(script: string): Promise<string> {
  let text = '';
  for await (const piece of explorerPage(recordOf(), script)) text += piece;
  return text;
}

describe('a packed record', () => {
  test('comes back as it was, arrays of any length in it', () => {
    const record = {
      a: 'x',
      list: [{ u: Uint8Array.of(1, 2, 3) }, { f: Float32Array.of(0.1, -2) }],
      none: new Float32Array(),
    };
    const { json, bytes } = pack(record);
    expect(unpack(json, bytes)).toEqual(record);
  });

  test('takes views into larger arrays for what they show', () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    const { json, bytes } = pack([whole.subarray(1, 3)]);
    expect(unpack(json, bytes)).toEqual([Float32Array.of(2, 3)]);
    expect(bytes.length).toBe(8);
  });
});

describe('the explorer page', () => {
  test('carries its record and its script, and nothing in the record is markup', async () => {
    const page = await pageOf('console.log(1);');
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
    expect(page).not.toContain('<img src=x');
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/https?:/);
    expect(page).toContain('<script>console.log(1);</script>');
  });

  test('its numbers are inflated to the same record', async () => {
    const page = await pageOf('');
    const json = /id="record">(.*?)<\/script>/s.exec(page)![1]!;
    const base64 = /id="numbers">(.*?)<\/script>/s.exec(page)![1]!;
    const stream = new Blob([Buffer.from(base64, 'base64')])
      .stream()
      .pipeThrough(new DecompressionStream('deflate-raw'));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    // Through JSON, which has no place for what is undefined.
    expect(unpack(json, bytes)).toMatchObject({ data: recordOf() });
  });

  test('refuses a script that would end itself', async () => {
    await expect(pageOf('"</script>"')).rejects.toThrow('expected no </script');
  });
});
