/**
 * How the launcher starts the program that lies beside it: with what V8 had made of it when it was bundled, for parsing it
 * takes V8 as long as Node takes to start. Another version of V8, or one with other flags, rejects that and parses the
 * text.
 *
 * This file is a part of the bundle, where {@link start} stands for the program's own.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as vm from 'node:vm';

export interface Program {
  start(): Promise<void>;
}

/** The program as a function of what Node gives to a CommonJS module, and V8's code of it. */
export const [PROGRAM, CODE] = ['program.cjs', 'program.code'];

/** A module's text as such a function, on the same lines. */
export const asFunction = (text: string): string =>
  `(function (exports, require, module, __filename, __dirname) {${text}\n})`;

export function scriptOf(directory: string): vm.Script {
  const filename = join(directory, PROGRAM);
  const code = join(directory, CODE);
  const cachedData = fs.existsSync(code) ? fs.readFileSync(code) : undefined;
  // The bundler lets nothing but ASCII into it.
  return new vm.Script(fs.readFileSync(filename, 'latin1'), { filename, ...(cachedData && { cachedData }) });
}

/** Runs it as Node runs a CommonJS module of this directory. */
export function load(script: vm.Script, directory: string): Program {
  const path = join(directory, PROGRAM);
  const module = { exports: {} };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  run(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports as Program;
}

export function start(): Promise<void> {
  const directory = import.meta.dirname;
  return load(scriptOf(directory), directory).start();
}
