export function compareVersions(a: string, b: string): -1 | 0 | 1 { throw new Error(`not written yet: ${a}${b}`); }
