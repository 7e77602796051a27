/** Changes sources while they are loaded, for this thread alone; the files stay as they are. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.ts';

const root = join(import.meta.dirname, '../..');

/** @throws RangeError, when the file is loaded, where the text to replace is not there exactly once. */
export function mutate({ name, changes }: Mutant): void {
  const urls = changes.map(({ file }) => pathToFileURL(join(root, file)).href);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!urls.includes(url)) return loaded;
      let text = readFileSync(fileURLToPath(url), 'utf8');
      for (const [i, { from, to }] of changes.entries()) {
        if (urls[i] !== url) continue;
        const parts = from === undefined ? [text, ''] : text.split(from);
        if (parts.length !== 2) throw new RangeError(`mutant «${name}»: ${parts.length - 1} times in ${url}: ${from}`);
        text = parts.join(to);
      }
      return { ...loaded, source: text };
    },
  });
}
