/**
 * One version of an operating system as it lies in a repository once bootc has pulled it: objects, layer, config and
 * manifest streams, the plain and the bootable image. Contents are tiny and depend on nothing but the names given, so
 * that versions with one kernel share its objects and thousands of systems share everything.
 */
import { createHash } from 'node:crypto';
import type { Directory, Node } from '../../tools/generate/erofs-tree.ts';
import { erofsImage } from '../../tools/generate/erofs-writer.ts';
import { verityOf } from '../../tools/generate/repository.ts';
import type { UkiSections } from './uki.ts';
import { splitstream, tarHeader, type Part } from './splitstream.ts';

export interface ReleaseName {
  readonly os: string;
  readonly label: string;
  readonly version: string;
  readonly kernel: string;
}

export interface Release {
  /** The bootable image: what names the deployment. */
  readonly id: string;
  /** The image of the whole tree, `/boot` and all, which nobody boots. */
  readonly plain: string;
  /** sha256 of manifest and config as the registry has them. */
  readonly manifest: string;
  readonly config: string;
  /** Hex digest -> content: files, images and streams. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** Stream name -> object. */
  readonly streams: ReadonlyMap<string, string>;
  /** The stream objects that the bootable image made obsolete: nothing refers to them. */
  readonly garbage: readonly string[];
  readonly vmlinuz: Uint8Array;
  readonly initrd: Uint8Array;
  /** sha256 over kernel and initrd, as in an origin. */
  readonly bootDigest: string;
  /** The digest of the file that no other version has. */
  readonly ownObject: string;
}

/** What is real in the versions of a machine that is to boot; elsewhere a few bytes stand for it. */
export interface Content {
  readonly vmlinuz: Uint8Array;
  initrd(kernel: string): Uint8Array;
  /** Programs by their path, symbolic links, and empty directories. */
  readonly programs: Readonly<Record<string, Uint8Array>>;
  readonly links: Readonly<Record<string, string>>;
  readonly directories: readonly string[];
  /** A UKI that boots. */
  readonly uki: (sections: UkiSections) => Uint8Array;
}

interface Layer {
  readonly name: string;
  readonly diffId: string;
}

const known = new Map<string, Release>();
const INLINE_LIMIT = 64;

export function release(name: ReleaseName, content?: Content): Release {
  if (content) return make(name, content);
  const key = [name.os, name.label, name.version, name.kernel].join('\n');
  let made = known.get(key);
  if (made === undefined) known.set(key, (made = make(name)));
  return made;
}

/** The fs-verity digest of a file of the repository. */
export function digestOf(content: Uint8Array): string {
  return verityOf(content, 'sha512').toString('hex');
}

function make({ os, label, version, kernel }: ReleaseName, content?: Content): Release {
  const objects = new Map<string, Uint8Array>();
  const store = (content: Uint8Array): string => {
    const digest = digestOf(content);
    objects.set(digest, content);
    return digest;
  };
  const vmlinuz = noise(`vmlinuz ${os} ${kernel}`, 300);
  const initrd = noise(`initrd ${os} ${kernel}`, 360);
  const app = noise(`app ${os} ${label}`, 140);
  const layers: Record<string, Uint8Array>[] = [
    { 'usr/bin/bash': noise(`bash ${os}`, 150), 'usr/lib/libc.so.6': noise(`libc ${os}`, 260) },
    { [`usr/lib/modules/${kernel}/vmlinuz`]: vmlinuz, [`usr/lib/modules/${kernel}/initramfs.img`]: initrd },
    ...(content ? [content.programs] : []),
    {
      'usr/bin/app': app,
      'usr/lib/os-release': Buffer.from(osRelease(os, version)),
      'etc/hostname': Buffer.from('localhost\n'),
      'boot/README': Buffer.from('nothing is here\n'),
    },
  ];
  const streams = new Map<string, string>();
  const layerList = layers.map((files): Layer => {
    const [diffId, stream] = layer(files, store);
    const name = `oci-layer-sha256:${diffId}`;
    streams.set(name, store(stream));
    return { name, diffId };
  });
  const files = Object.assign({}, ...layers) as Record<string, Uint8Array>;
  const plain = store(image(files, content));
  const bootFiles = Object.fromEntries(Object.entries(files).filter(([path]) => !path.startsWith('boot/')));
  const id = store(image(bootFiles, content));
  const names = describe(layerList, streams, store, { plain, id }, `${os}:${label}`);
  const boots = content ? { vmlinuz: content.vmlinuz, initrd: content.initrd(kernel) } : { vmlinuz, initrd };
  const bootDigest = sha256(Buffer.concat([boots.vmlinuz, boots.initrd]));
  return { id, plain, ...names, objects, streams, ...boots, bootDigest, ownObject: digestOf(app) };
}

/** Config and manifest: first as pulled, then again with the images, so that the first ones stay behind as garbage. */
function describe(
  layers: readonly Layer[],
  streams: Map<string, string>,
  store: (content: Uint8Array) => string,
  { plain, id }: { plain: string; id: string },
  comment: string,
): Pick<Release, 'config' | 'manifest' | 'garbage'> {
  const diffIds = layers.map(({ diffId }) => `sha256:${diffId}`);
  const refs = layers.map(({ name, diffId }) => [`sha256:${diffId}`, streams.get(name) ?? ''] as const);
  const configJson = json({
    architecture: 'amd64',
    os: 'linux',
    comment,
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const config = sha256(configJson);
  const manifestJson = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: `sha256:${config}`,
      size: configJson.length,
    },
    layers: diffIds.map((digest) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 10240 })),
  });
  const manifest = sha256(manifestJson);
  const wrap = (type: string, content: Uint8Array, list: readonly (readonly [string, string])[]) => {
    const stream = splitstream({ type, streams: list, objects: [store(content)], parts: [0], size: content.length });
    return store(stream);
  };
  const both = (images: readonly (readonly [string, string])[]) => {
    const configStream = wrap('ociconfg', configJson, [...refs, ...images]);
    return [
      configStream,
      wrap('ocimanif', manifestJson, [[`config:sha256:${config}`, configStream], ...refs]),
    ] as const;
  };
  const garbage = both([]);
  const [configStream, manifestStream] = both([
    ['composefs.image.v1', plain],
    ['composefs.image.boot.v1', id],
  ]);
  streams.set(`oci-config-sha256:${config}`, configStream);
  streams.set(`oci-manifest-sha256:${manifest}`, manifestStream);
  return { config, manifest, garbage };
}

/** A layer's tar file as a splitstream, and the digest of the tar file. */
function layer(files: Readonly<Record<string, Uint8Array>>, store: (content: Uint8Array) => string): [string, Buffer] {
  const objects: string[] = [];
  const parts: Part[] = [];
  const tar: Uint8Array[] = [];
  let inline: Uint8Array[] = [];
  const flush = () => {
    if (inline.length > 0) parts.push(Buffer.concat(inline));
    inline = [];
  };
  const add = (bytes: Uint8Array) => {
    tar.push(bytes);
    inline.push(bytes);
  };
  for (const [path, content] of Object.entries(files)) {
    add(tarHeader(path, 'file', content.length));
    if (content.length <= INLINE_LIMIT) add(content);
    else {
      flush();
      tar.push(content);
      parts.push(objects.length);
      objects.push(store(content));
    }
    add(Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  add(Buffer.alloc(1024));
  flush();
  const whole = Buffer.concat(tar);
  return [sha256(whole), splitstream({ type: 'ocilayer', streams: [], objects, parts, size: whole.length })];
}

/** A genuine composefs image, EROFS format 1, of these files. */
function image(files: Readonly<Record<string, Uint8Array>>, content?: Content): Buffer {
  const root = new Folder();
  for (const name of ['boot', 'proc', 'run', 'sysroot', 'var', ...(content?.directories ?? [])]) root.below(name);
  for (const [path, target] of Object.entries(content?.links ?? {})) root.put(path, { kind: 'symlink', target });
  for (const [path, bytes] of Object.entries(files)) {
    const mode = content?.programs[path] && { mode: 0o755 };
    const inline = bytes.length <= INLINE_LIMIT;
    root.put(
      path,
      inline
        ? { kind: 'inline', content: bytes, ...mode }
        : { kind: 'object', digest: verityOf(bytes, 'sha512'), size: bytes.length, ...mode },
    );
  }
  return erofsImage(sorted(root), { version: 1, algorithm: 'sha512' });
}

class Folder implements Directory {
  readonly kind = 'directory';
  readonly entries = new Map<string, Node>();

  below(name: string): Folder {
    const known = this.entries.get(name);
    if (known instanceof Folder) return known;
    const made = new Folder();
    this.entries.set(name, made);
    return made;
  }

  put(path: string, node: Node): void {
    const names = path.split('/');
    const last = names.pop() ?? '';
    names.reduce((folder: Folder, name) => folder.below(name), this).entries.set(last, node);
  }
}

function sorted(node: Directory): Directory {
  const entries = [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...node,
    entries: new Map(entries.map(([name, child]) => [name, child.kind === 'directory' ? sorted(child) : child])),
  };
}

export function osRelease(os: string, version: string): string {
  const name = os.charAt(0).toUpperCase() + os.slice(1);
  return `NAME="${name}"\nID=${os}\nVERSION_ID=44\nVERSION="${version}"\nPRETTY_NAME="${name} Linux 44 (Forty Four)"\n`;
}

/** Bytes that depend on `seed` alone. */
export function noise(seed: string, length: number): Buffer {
  const lines: string[] = [];
  for (let i = 0; lines.length * 65 < length; i++) lines.push(`${sha256(Buffer.from(`${seed} ${i}`))}\n`);
  return Buffer.from(lines.join('').slice(0, length));
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
