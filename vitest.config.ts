import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@cfs/source'] },
  ssr: { resolve: { conditions: ['@cfs/source'] } },
  test: {
    include: ['packages/*/{src,wasm}/**/*.test.ts', 'tools/**/*.test.ts', 'test-images/**/*.test.ts'],
    testTimeout: 30_000,
    maxWorkers: '100%',
  },
});
