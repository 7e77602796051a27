/**
 * A deployment's `.origin` file: INI written by bootc, edited by people now and then. It tells where a deployment came
 * from and which manifest holds its layers. It is only believed value by value: what is malformed becomes a finding and
 * is left out, and nothing in it makes the reader fail.
 */
import type { Finding } from '@cfs/bls';

export interface Origin {
  /** `[origin] container-image-reference`, as written. */
  readonly imageReference?: string;
  /** `[boot] boot_type`. */
  readonly bootType?: 'bls' | 'uki';
  /** `[boot] digest`: sha256 over kernel and initrd, 64 lower-case hex digits. */
  readonly bootDigest?: string;
  /** `[image] manifest_digest`: `sha256:` and 64 lower-case hex digits; absent on deployments of old writers. */
  readonly manifestDigest?: string;
  readonly findings: readonly Finding[];
}

/** The keys that are known, the form of their values, and the name each gets in {@link Origin}. */
const KNOWN: Readonly<Record<string, { readonly as: string; readonly form: RegExp }>> = {
  'origin/container-image-reference': { as: 'imageReference', form: /^\S.*$/ },
  'boot/boot_type': { as: 'bootType', form: /^(?:bls|uki)$/ },
  'boot/digest': { as: 'bootDigest', form: /^[0-9a-f]{64}$/ },
  'image/manifest_digest': { as: 'manifestDigest', form: /^sha256:[0-9a-f]{64}$/ },
};

/**
 * Never throws. CR LF, comments (`#`, `;`), blanks around `=` and a missing last newline are fine; the last of several
 * equal keys counts.
 */
export function parseOrigin(bytes: Uint8Array): Origin {
  const findings: Finding[] = [];
  const values: Record<string, string> = {};
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Not text: the finding is the whole answer.
    return { findings: [{ code: 'origin-binary', message: 'The origin is not UTF-8 text.' }] };
  }
  if (/[\0-\x08\x0b\x0c\x0e-\x1f]/.test(text)) {
    return { findings: [{ code: 'origin-binary', message: 'The origin holds control characters.' }] };
  }
  if (text.trim() === '') findings.push({ code: 'origin-empty', message: 'The origin is empty.' });
  let section = '';
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const header = /^\[([^\]]*)\]$/.exec(line);
    const assignment = /^([^=]+?)\s*=\s*(.*)$/.exec(line);
    if (header) section = (header[1] ?? '').trim();
    else if (assignment) take(`${section}/${assignment[1]}`, assignment[2] ?? '', index + 1);
    else findings.push({ code: 'origin-line', message: 'The line is neither a section nor a key.', line: index + 1 });
  }
  return { ...pick(values), findings };

  function take(key: string, value: string, line: number): void {
    const known = Object.hasOwn(KNOWN, key) ? KNOWN[key] : undefined;
    if (!known) return;
    if (known.form.test(value)) values[known.as] = value;
    else findings.push({ code: 'origin-value', message: `${key.replace('/', '.')} is malformed.`, line });
  }
}

function pick(values: Readonly<Record<string, string>>): Omit<Origin, 'findings'> {
  const { imageReference, bootType, bootDigest, manifestDigest } = values;
  return {
    ...(imageReference !== undefined && { imageReference }),
    ...((bootType === 'bls' || bootType === 'uki') && { bootType }),
    ...(bootDigest !== undefined && { bootDigest }),
    ...(manifestDigest !== undefined && { manifestDigest }),
  };
}
