/** One lint configuration for everything; our own rules live in tools/eslint. Formatting is prettier's. */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import typescript from 'typescript-eslint';
import { boundaries } from './tools/eslint/boundaries.ts';

export default defineConfig([
  // AssemblyScript looks like TypeScript; its own compiler judges it.
  globalIgnores(['**/dist/', 'test-images/cache/', 'packages/repo/wasm/*.ts', '!packages/repo/wasm/*.test.ts']),
  js.configs.recommended,
  typescript.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
      // The parsers look for control characters.
      'no-control-regex': 'off',
      // The compiler knows better, in JavaScript too.
      'no-undef': 'off',
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**'],
    // In a test a wrong `!` fails the test.
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    // A cast in a comment is not seen by this rule; the compiler checks these files all the same.
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  boundaries,
]);
