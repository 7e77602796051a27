/** Errors for people: what, why, and what to do; and the exit code that goes with them. */

export const EXIT = { done: 0, error: 1, usage: 2, refused: 3, problems: 4, collectable: 10 } as const;

/** What each tells, for the manual. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  [EXIT.done]: 'done, or nothing to do',
  [EXIT.error]: 'an error',
  [EXIT.usage]: 'wrong usage or configuration',
  [EXIT.refused]: 'refused: nothing was deleted, for safety',
  [EXIT.problems]: 'done, with problems to look at',
  [EXIT.collectable]: 'there is something to collect (cfs plan --exit-code)',
};

/** What helps whoever tries it on another system. */
export const NO_SYSTEM =
  'cfs works on a system that was installed by bootc with the composefs backend; name its root with --sysroot';

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly exit: number;
  readonly path: string | undefined;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { exit?: number; path?: string; hint?: string } = {}) {
    super(message);
    this.code = code;
    this.exit = options.exit ?? EXIT.error;
    this.path = options.path;
    this.hint = options.hint;
  }
}
