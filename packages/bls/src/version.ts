/**
 * The order of versions (UAPI.10), as systemd's strverscmp_improved() decides it: sd-boot, bootctl and
 * `systemd-analyze compare-versions` all use it.
 */

const DIGIT = /[0-9]/;
const LETTER = /[A-Za-z]/;

/**
 * -1 where `a` is older than `b`, 1 where it is newer, 0 where the two are equivalent (which is not the same as equal:
 * characters outside `A-Za-z0-9~^.-` only separate). Letters compare in ASCII order, so capitals are older.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  let i = 0;
  let j = 0;
  for (;;) {
    i = end(a, i, /[^A-Za-z0-9~^.-]/);
    j = end(b, j, /[^A-Za-z0-9~^.-]/);
    // `~` marks what comes before a release; it is even older than the end of the string.
    if (a[i] === '~' || b[j] === '~') {
      if (a[i] !== b[j]) return a[i] === '~' ? -1 : 1;
      i++;
      j++;
    }
    if (i >= a.length || j >= b.length) return order(a.length - i > 0 ? 1 : 0, b.length - j > 0 ? 1 : 0);
    // Each of these prefixes makes a segment older than one without it, in this order.
    for (const prefix of ['-', '^', '.']) {
      if (a[i] !== prefix && b[j] !== prefix) continue;
      if (a[i] !== b[j]) return a[i] === prefix ? -1 : 1;
      i++;
      j++;
    }
    const numeric = DIGIT.test(a.charAt(i)) || DIGIT.test(b.charAt(j));
    const [x, y] = [segment(a, i, numeric), segment(b, j, numeric)];
    const result = numeric ? compareNumbers(x, y) : compareLetters(x, y);
    if (result !== 0) return result;
    i += x.length;
    j += y.length;
  }
}

export function order<T extends string | number>(a: T, b: T): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Digit strings of any length, compared without converting them; leading zeros do not count. */
export function compareDigits(a: string, b: string): -1 | 0 | 1 {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return order(x.length, y.length) || order(x, y);
}

function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  return order(a === '' ? 0 : 1, b === '' ? 0 : 1) || compareDigits(a, b);
}

function compareLetters(a: string, b: string): -1 | 0 | 1 {
  const common = Math.min(a.length, b.length);
  return order(a.slice(0, common), b.slice(0, common)) || order(a.length, b.length);
}

function segment(text: string, start: number, numeric: boolean): string {
  return text.slice(start, end(text, start, numeric ? DIGIT : LETTER));
}

/** The first position from `start` on whose character does not match. */
function end(text: string, start: number, pattern: RegExp): number {
  let at = start;
  while (at < text.length && pattern.test(text.charAt(at))) at++;
  return at;
}
