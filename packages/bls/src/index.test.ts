import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('runs in a browser and is small', async () => {
  const entry = new URL('index.ts', import.meta.url).pathname;
  // With the platform `browser` any import of a module of Node is an error.
  const options = { bundle: true, minify: true, format: 'esm', platform: 'browser', write: false } as const;
  const { outputFiles, warnings } = await build({ entryPoints: [entry], ...options });
  expect(warnings).toEqual([]);
  expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeLessThan(40_000);
});
