/**
 * A unified kernel image: a PE file whose sections hold kernel, initrd, command line and os-release (UAPI.5).
 * A UKI has some hundred megabytes, so only headers and the few small sections that matter are read. The file is not
 * trusted: each size is bounded, and no offset in it is believed before it is compared with the file's length.
 * Sections are chosen as systemd chooses them (src/boot/pe.c and src/shared/bootspec.c).
 */
import { composefsArguments, type ComposefsArgument, type ComposefsArguments } from './command-line.ts';
import type { Finding } from './finding.ts';
import { parseOsRelease } from './os-release.ts';
import { decodeText, trimBlanks } from './text.ts';

/** A file to read in pieces. An error that `read` throws passes through; fewer bytes than asked for are a short file. */
export interface UkiSource {
  /** Bytes. */
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

export interface UkiProfile {
  readonly id?: string;
  readonly title?: string;
  /** Without blanks and NULs around it. */
  readonly commandLine?: string;
  readonly osRelease?: Readonly<Record<string, string>>;
  readonly uname?: string;
}

export interface Uki {
  /** At least one. Where the file has `.profile` sections, one for each, with what it takes over from the base. */
  readonly profiles: readonly UkiProfile[];
  /** The names of all sections, in the file's order. */
  readonly sections: readonly string[];
  readonly findings: readonly Finding[];
}

export type UkiResult = Uki | { readonly unreadable: string };

/** A section that is read may have this many bytes: PE_SECTION_SIZE_MAX in systemd. */
const SECTION_LIMIT = 4 * 1024 * 1024;
/** All sections that are read together; a file can name the same bytes thousands of times. */
const TOTAL_LIMIT = 4 * SECTION_LIMIT;
/** UNIFIED_PROFILES_MAX in systemd. */
const PROFILE_LIMIT = 256;

interface Section {
  readonly name: string;
  readonly virtualSize: number;
  readonly rawSize: number;
  readonly rawOffset: number;
}

/** Reads what a UKI would boot. A file that is no PE file, or whose headers are cut off, is `unreadable`. */
export function parseUki(source: UkiSource): UkiResult {
  const sections = readSectionTable(source);
  if (typeof sections === 'string') return { unreadable: sections };
  const findings = judge(sections, source.size);
  const read = reader(source, findings);
  const starts = sections.flatMap((section, index) => (section.name === '.profile' ? [index] : []));
  if (starts.length > PROFILE_LIMIT) {
    findings.push({
      code: 'too-many-profiles',
      message: `only ${PROFILE_LIMIT} of ${starts.length} profiles are read`,
    });
  }
  const base = sections.slice(0, starts[0] ?? sections.length);
  const parts = starts.slice(0, PROFILE_LIMIT).map((start, index) => sections.slice(start, starts[index + 1]));
  const profiles = (parts.length > 0 ? parts : [[]]).map((part) => toProfile(part, base, read));
  return { profiles, sections: sections.map((section) => section.name), findings };
}

/** What the command lines of all profiles name, each digest once. */
export function ukiDigests(uki: Uki): ComposefsArguments {
  const found = uki.profiles.map((profile) => composefsArguments(profile.commandLine ?? ''));
  const digests = new Map<string, ComposefsArgument>();
  for (const argument of found.flatMap((one) => one.digests)) {
    if (!digests.has(argument.digest)) digests.set(argument.digest, argument);
  }
  return { digests: [...digests.values()], malformed: [...new Set(found.flatMap((one) => one.malformed))] };
}

/** The section table, or why there is none. */
function readSectionTable(source: UkiSource): Section[] | string {
  const dos = exactly(source, 0, 64);
  if (!dos || dos.getUint16(0, true) !== 0x5a4d) return 'no PE file: the MZ header is missing';
  const start = dos.getUint32(60, true);
  const pe = exactly(source, start, 24);
  if (!pe || pe.getUint32(0, true) !== 0x4550) return 'no PE file: the PE header is missing';
  const count = pe.getUint16(6, true);
  const table = exactly(source, start + 24 + pe.getUint16(20, true), count * 40);
  if (!table) return 'the section table is cut off';
  return Array.from({ length: count }, (_, index) => readSection(table, index * 40));
}

function readSection(table: DataView, at: number): Section {
  const name = new Uint8Array(table.buffer, table.byteOffset + at, 8);
  return {
    name: String.fromCharCode(...name).replace(/\0.*$/s, ''),
    virtualSize: table.getUint32(at + 8, true),
    rawSize: table.getUint32(at + 16, true),
    rawOffset: table.getUint32(at + 20, true),
  };
}

/** Exactly these bytes, or undefined where the file is too short. */
function exactly(source: UkiSource, offset: number, length: number): DataView | undefined {
  if (offset + length > source.size) return undefined;
  const bytes = source.read(offset, length);
  return bytes.length === length ? new DataView(bytes.buffer, bytes.byteOffset, length) : undefined;
}

/** At most one finding of a kind: a hostile file has thousands of sections. */
function judge(sections: readonly Section[], size: number): Finding[] {
  const findings: Finding[] = [];
  const stored = sections.filter((section) => section.rawSize > 0).toSorted((a, b) => a.rawOffset - b.rawOffset);
  const outside = stored.find((section) => end(section) > size);
  if (outside) {
    findings.push({ code: 'section-outside', message: `the section ${outside.name} reaches beyond the file's end` });
  }
  // In the order of offsets two sections overlap only if two neighbours do.
  const overlap = stored.findIndex((section, index) => section.rawOffset < end(stored[index - 1]));
  if (overlap >= 0) {
    const names = `${stored[overlap - 1]?.name} and ${stored[overlap]?.name}`;
    findings.push({ code: 'sections-overlap', message: `the sections ${names} overlap` });
  }
  return findings;
}

function end(section: Section | undefined): number {
  return section ? section.rawOffset + section.rawSize : 0;
}

type Read = (section: Section) => string | undefined;

/** Reads a section's text once, within the limits; what cannot be read is a finding and has no text. */
function reader(source: UkiSource, findings: Finding[]): Read {
  const known = new Map<Section, string | undefined>();
  let left = TOTAL_LIMIT;
  const load = (section: Section): string | undefined => {
    const length = storedSize(section);
    const allowed = length <= Math.min(SECTION_LIMIT, left);
    if (allowed) left -= length;
    const view = allowed ? exactly(source, section.rawOffset, length) : undefined;
    const text = view && decodeSection(view, section, findings);
    if (text === undefined) {
      const why = !allowed ? 'is too large' : !view ? 'is not in the file' : 'is no text';
      findings.push({ code: 'unreadable-section', message: `the section ${section.name} ${why}` });
    }
    return text;
  };
  return (section) => {
    if (!known.has(section)) known.set(section, load(section));
    return known.get(section);
  };
}

/** Bytes after the virtual size only fill up the file's alignment; those after the raw size are not in the file. */
function storedSize(section: Section): number {
  return Math.min(section.virtualSize, section.rawSize);
}

function decodeSection(view: DataView, section: Section, findings: Finding[]): string | undefined {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const nul = bytes.indexOf(0);
  const used = nul < 0 ? bytes : bytes.subarray(0, nul);
  if (bytes.subarray(used.length).some((byte) => byte !== 0)) {
    findings.push({ code: 'embedded-nul', message: `the section ${section.name} goes on after a NUL byte` });
  }
  return decodeText(used);
}

function toProfile(part: readonly Section[], base: readonly Section[], read: Read): UkiProfile {
  const text = (name: string): string | undefined => {
    const matches = (section: Section): boolean => section.name === name;
    const section = part.find(matches) ?? base.find(matches); // the first counts; a profile's own hides the base's
    // A section of virtual size 0 hides the base's section and has no content itself.
    return section && section.virtualSize > 0 ? read(section) : undefined;
  };
  const profile = parseOsRelease(text('.profile') ?? '');
  const [commandLine, osRelease, uname] = [text('.cmdline'), text('.osrel'), text('.uname')];
  return {
    ...(profile['ID'] !== undefined && { id: profile['ID'] }),
    ...(profile['TITLE'] !== undefined && { title: profile['TITLE'] }),
    ...(commandLine !== undefined && { commandLine: trim(commandLine) }),
    ...(osRelease !== undefined && { osRelease: parseOsRelease(osRelease) }),
    ...(uname !== undefined && { uname: trim(uname) }),
  };
}

function trim(text: string): string {
  return trimBlanks(text.replace(/[\t\r\n]/g, ' '));
}
