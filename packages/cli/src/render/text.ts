/** Words and numbers for people: sizes, ages, short names, paint. Nothing here knows what is shown. */
import { fstatSync } from 'node:fs';
import { styleText } from 'node:util';

/** /dev/null: major number 1, minor number 3. */
const NULL_DEVICE = 0x103;

/** Without a terminal, or with NO_COLOR, the text as it is. */
export function paint(format: Parameters<typeof styleText>[0], text: string): string {
  // To ask node's stream, it has to be made; a file, a pipe and what is thrown away are no terminals.
  const out = fstatSync(1);
  const asks = (out.isCharacterDevice() && out.rdev !== NULL_DEVICE) || process.env['FORCE_COLOR'] !== undefined;
  return asks ? styleText(format, text, { stream: process.stdout }) : text;
}

/** Bytes in binary units. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Milliseconds as the largest unit that fills at least two of it: `90 minutes`, `3 days`. */
export function age(ms: number): string {
  const units = [
    ['year', 31_556_952_000],
    ['month', 2_629_746_000],
    ['week', 604_800_000],
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  const [name, unit] = units.find(([, length]) => ms >= 2 * length) ?? ['minute', 60_000];
  return ms < 60_000 ? 'just now' : counted(Math.floor(ms / unit), name);
}

/** `2026-03-13 07:05`, in UTC. */
export function moment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** As many digits of a digest as people can compare. */
export function short(id: string): string {
  return id.slice(0, 12);
}

/** Long digests cut to their first digits: `bootc_composefs-0bd73465632a…/vmlinuz`. */
export function shorten(text: string): string {
  return text.replaceAll(/([0-9a-f]{12})[0-9a-f]{20,}/g, '$1…');
}

/** Lines of at most `width` columns; words are not broken. */
export function wrap(text: string, indent = '', width = 80): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line += (line === '' ? '' : ' ') + word;
  }
  return [...lines, indent + line];
}

/** A painted heading and what it says, as {@link wrap} breaks it. */
export function headed(format: Parameters<typeof paint>[0], heading: string, text: string): string[] {
  const [first = '', ...more] = wrap(`${heading} ${text}`);
  return [first.replace(heading, () => paint(format, heading)), ...more];
}
