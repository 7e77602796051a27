/**
 * The program inside its bundle: a comment until it is needed, since parsing it takes V8 as long as Node takes to start,
 * and skipping it next to nothing. Beside it lies what V8 had made of it when it was bundled. Another version of V8, or
 * one with other flags, rejects that and parses the text.
 *
 * This file is a part of the bundle, where {@link start} stands for the program's own.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as vm from 'node:vm';

export interface Program {
  start(): Promise<void>;
}

/** The end of a comment, and what stands for it within one. No program has this character, the bundler sees to that. */
const [END, INNER_END] = ['*/', '*\x7f'];
const begin = (name: string): string => `\n/*${name}\n`;

/** A comment at the end of a file, to be found again by its name. */
export function fold(name: string, text: string): string {
  return `${begin(name)}${text.replaceAll(END, INNER_END)}${END}`;
}

/** What is folded under a name, and where in the file it begins. */
export function unfold(file: string, name: string): { at: number; text: string } {
  const at = file.indexOf(begin(name)) + begin(name).length;
  return { at, text: file.slice(at, file.indexOf(END, at)).replaceAll(INNER_END, END) };
}

/** A program's script; its stack traces tell the lines of the bundle. */
export function scriptOf(path: string): vm.Script {
  // The bundler lets nothing but ASCII into it.
  const file = fs.readFileSync(path, 'latin1');
  const { at, text } = unfold(file, 'program');
  const lineOffset = file.slice(0, at).split('\n').length - 1;
  const cachedData = Buffer.from(unfold(file, 'code').text, 'base64');
  return new vm.Script(text, { filename: path, lineOffset, ...(cachedData.length > 0 && { cachedData }) });
}

/** Runs it as Node runs a CommonJS module of this path. */
export function load(script: vm.Script, path: string): Program {
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  run(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports as Program;
}

export function start(): Promise<void> {
  const path = import.meta.filename;
  return load(scriptOf(path), path).start();
}
