/** What a parser noticed and could live with: every parser here hands these back beside its value. */
export interface Finding {
  /** Stable, in kebab case, for programs. */
  readonly code: string;
  /** One sentence for people. */
  readonly message: string;
  /** Counted from 1, where the input has lines. */
  readonly line?: number;
}
