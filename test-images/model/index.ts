/** A machine's disks in memory, and every state in which a power cut can leave them. */
export { element, generator } from './answers.ts';
export { ModelDirectory, type CallSite } from './directory.ts';
export { isOperation, type Call, type Change, type Event, type Operation } from './event.ts';
export type { FileSystemKind, FileSystemOptions } from './file-system.ts';
export { hashTree, type Garbage } from './hash.ts';
export { allocated, at, put, walk, type DirectoryNode, type FileNode, type LinkNode, type Node } from './node.ts';
export type { View } from './survivors.ts';
export { maker, place, tree, type Leaf, type Maker } from './tree.ts';
export { World, type Choice, type CrashOptions, type CrashState, type Disk } from './world.ts';
