import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The default leaves a processor idle, which is half of a machine with two.
    maxWorkers: '100%',
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'lcov'] },
    projects: [
      {
        test: {
          name: 'offline',
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**', 'test/browser/**'],
          testTimeout: 60_000,
        },
      },
      {
        // Pages in Chromium: npm run test:browser.
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        // On real adapters, as root: npm run test:live.
        test: {
          name: 'live',
          include: ['test/live/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
