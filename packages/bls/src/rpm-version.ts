/**
 * The order of GRUB's blscfg command: the file name split like a package's name-version-release, each part compared
 * like rpm versions. Source: split_package_string(), split_cmp() and vercmp() in Fedora's grub2,
 * grub-core/commands/blscfg.c. No field inside the entry takes part.
 */
import { compareDigits, order } from './version.ts';

/** -1 where blscfg takes the entry `a` for older than `b`; names without `.conf`. */
export function compareBlscfgNames(a: string, b: string): -1 | 0 | 1 {
  const [x, y] = [split(a), split(b)];
  return (
    compareRpmVersions(x.name, y.name) ||
    compareRpmVersions(x.version, y.version) ||
    compareRpmVersions(x.release, y.release)
  );
}

/** rpmvercmp without `^`, as blscfg has it: every other character than ASCII letters, digits and `~` separates. */
export function compareRpmVersions(a: string, b: string): -1 | 0 | 1 {
  const [x, y] = [segments(a), segments(b)];
  for (let at = 0; at < Math.max(x.length, y.length); at++) {
    const [one, two] = [x[at], y[at]];
    if (one === '~' || two === '~') {
      if (one !== two) return one === '~' ? -1 : 1;
    } else if (one === undefined || two === undefined) {
      return one === undefined ? -1 : 1;
    } else {
      const result = compareSegments(one, two);
      if (result !== 0) return result;
    }
  }
  return 0;
}

function compareSegments(a: string, b: string): -1 | 0 | 1 {
  const [x, y] = [/^[0-9]/.test(a), /^[0-9]/.test(b)];
  if (x !== y) return x ? 1 : -1; // numbers are newer than letters
  return x ? compareDigits(a, b) : order(a, b);
}

function segments(text: string): string[] {
  return text.match(/~|[0-9]+|[A-Za-z]+/g) ?? [];
}

/** The release follows the last `-`, the version the one before it; with one `-` alone what follows is the version. */
function split(name: string): { name: string; version: string; release: string } {
  const last = name.lastIndexOf('-');
  if (last < 0) return { name, version: '', release: '' };
  const before = last === 0 ? -1 : name.lastIndexOf('-', last - 1);
  if (before < 0) return { name: name.slice(0, last), version: name.slice(last + 1), release: '' };
  return { name: name.slice(0, before), version: name.slice(before + 1, last), release: name.slice(last + 1) };
}
