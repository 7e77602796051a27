/** Errors for people: what, why, and what to do; and the exit code that goes with them. */

/** 0 done · 1 error · 2 usage · 3 refused: nothing was deleted, for safety · 4 done, with problems · 10 something to collect. */
export const EXIT = { done: 0, error: 1, usage: 2, refused: 3, problems: 4, collectable: 10 } as const;

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
