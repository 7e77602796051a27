/**
 * The one error that a parser of binary formats may throw. What it says is always "this file is not what it should be",
 * never "this machine failed": callers turn it into a doubt that keeps things, and let everything else pass through.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** Stable, in kebab case, beginning with the format: `splitstream-truncated`. */
  readonly code: string;
  /** Where in the file, in bytes, if one place can be named. */
  readonly offset: number | undefined;

  constructor(code: string, message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}
