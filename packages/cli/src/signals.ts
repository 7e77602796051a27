/**
 * SIGINT and SIGTERM end a run after its current item, made durable; a second one ends the process at once, which is as
 * safe as a power cut.
 */
import { constants } from 'node:os';
import { printError } from './print.ts';

type Name = 'SIGINT' | 'SIGTERM';
const NAMES: readonly Name[] = ['SIGINT', 'SIGTERM'];

/** As the shell reports it: 130 for SIGINT, 143 for SIGTERM. */
function exitFor(name: Name): number {
  return 128 + constants.signals[name];
}

export class Signals {
  #caught: Name | undefined;
  readonly #handlers = NAMES.map((name) => {
    const handler = (): void => {
      if (this.#caught !== undefined) process.exit(exitFor(name));
      this.#caught = name;
      printError(`\n${name}: ending after the current item; once more ends at once, which is safe too\n`);
    };
    process.on(name, handler);
    return { name, handler };
  });

  /** Why the run shall stop; undefined as long as it needn't. */
  readonly word = (): string | undefined =>
    this.#caught && `ended by ${this.#caught}; what was removed is durable, and the next run goes on from here`;

  /** The exit code of a run that a signal ended. */
  get exit(): number | undefined {
    return this.#caught && exitFor(this.#caught);
  }

  release(): void {
    for (const { name, handler } of this.#handlers) process.off(name, handler);
  }
}
