/** JSON that somebody else may have written, or torn: what is no object is not there. */
export type Json = Readonly<Record<string, unknown>>;

/** Undefined for what is torn, and for what is no object. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isJson(value) ? value : undefined;
  } catch (error) {
    // A torn one: the caller says that it is none.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Milliseconds since the epoch that a Date can hold: anything else would throw where it is shown. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}
