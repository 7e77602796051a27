/**
 * Starts a machine, gives it a job, and reads what it says. Emulated (TCG), for virtual machines in virtual machines hang
 * or are forbidden as a rule. It ends by itself; one that doesn't is killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIRMWARE, VARIABLES } from './parts.ts';

export interface Boot {
  readonly disk: string;
  readonly tools: string;
  /** Shell commands: `step NAME COMMAND…`. */
  readonly job: string;
  /** A directory for the files of this start. */
  readonly place: string;
  /** Past firmware and boot loader: what these would have started. */
  readonly direct?: { readonly kernel: string; readonly initrd: string; readonly commandLine: string };
  /** Where each write to the disk is logged. */
  readonly log?: string;
}

export interface Step {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Booted {
  readonly steps: ReadonlyMap<string, Step>;
  /** The deployment that was booted, when the job came to its end. */
  readonly deployment: string | undefined;
  readonly console: string;
  readonly seconds: number;
}

const LIMIT = 600_000;
/** On a host with much else to do the emulated clock can stand still for so long that the kernel gives up at its start. */
const ATTEMPTS = 3;
/** Without cx16 and with rdrand: QEMU's emulation of the one crashes guests, and without the other Node waits. */
const CPU = 'qemu64,-cx16,+rdrand';
/** After every story, so that nothing is from the future, and a run like the one before. */
const CLOCK = '2026-06-01T12:00:00';

export async function boot(options: Boot): Promise<Booted> {
  for (let attempt = 1; ; attempt++) {
    const booted = await start(options);
    const isKernelsFault = /Linux version/.test(booted.console) && !/Run \/init/.test(booted.console);
    if (!isKernelsFault || attempt === ATTEMPTS) return booted;
  }
}

async function start(options: Boot): Promise<Booted> {
  const { place, job, log } = options;
  const at = (name: string): string => join(place, name);
  const [console, output] = [at('console'), at('output')];
  for (const file of [console, output]) rmSync(file, { force: true });
  writeFileSync(at('job'), Buffer.concat([Buffer.from(job)], Math.ceil((job.length + 1) / 4096) * 4096));
  if (log !== undefined) writeFileSync(log, '');
  if (!options.direct) copyFileSync(VARIABLES, at('variables'));
  const begun = performance.now();
  const child = spawn('qemu-system-x86_64', words(options, { console, output }), {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  // Before the initramfs a panic does not end the machine.
  const watch = setInterval(() => {
    if (existsSync(console) && /Kernel panic/.test(readFileSync(console, 'latin1'))) child.kill('SIGKILL');
  }, 1000);
  await once(child, 'close');
  clearInterval(watch);
  if (!existsSync(output)) throw new Error(`qemu did not start: ${complaint}`);
  const steps = parse(readFileSync(output));
  return {
    steps,
    deployment: steps.get('booted')?.stdout.trim(),
    console: readFileSync(console, 'latin1'),
    seconds: (performance.now() - begun) / 1000,
  };
}

function words({ disk, tools, place, direct, log }: Boot, files: { console: string; output: string }): string[] {
  const drive = (name: string, file: string): string[] => [
    ...['-blockdev', `driver=file,filename=${file},node-name=${name},read-only=on`],
    ...['-device', `virtio-blk-pci,drive=${name}`],
  ];
  const logged = `driver=blklogwrites,node-name=disk,file=file,log=log`;
  const flash = (unit: number, file: string, more = ''): string[] => [
    '-drive',
    `if=pflash,format=raw,unit=${unit},file=${file}${more}`,
  ];
  return [
    ...['-accel', 'tcg', '-M', 'q35', '-cpu', CPU, '-m', '1024', '-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-monitor', 'none', '-rtc', `base=${CLOCK}`, '-serial', `file:${files.console}`],
    ...['-blockdev', `driver=file,filename=${disk},node-name=${log === undefined ? 'disk' : 'file'}`],
    ...(log === undefined ? [] : ['-blockdev', `driver=file,filename=${log},node-name=log`, '-blockdev', logged]),
    ...['-device', 'virtio-blk-pci,drive=disk,bootindex=1'],
    ...drive('tools', tools),
    ...drive('job', join(place, 'job')),
    ...['-device', 'virtio-serial-pci', '-chardev', `file,id=out,path=${files.output}`],
    ...['-device', 'virtserialport,chardev=out,name=cfs.out'],
    ...(direct
      ? ['-kernel', direct.kernel, '-initrd', direct.initrd, '-append', direct.commandLine]
      : [...flash(0, FIRMWARE, ',readonly=on'), ...flash(1, join(place, 'variables'))]),
  ];
}

function parse(bytes: Buffer): Map<string, Step> {
  const steps = new Map<string, Step>();
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    const line = bytes.toString('latin1', at, end < 0 ? bytes.length : end);
    const [, name = '', exit, out, err] = /^@@ (\S+) (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    if (exit === undefined) break;
    const [start, middle] = [end + 1, end + 1 + Number(out)];
    const [stdout, stderr] = [
      bytes.toString('utf8', start, middle),
      bytes.toString('utf8', middle, middle + Number(err)),
    ];
    steps.set(name, { exit: Number(exit), stdout, stderr });
    at = middle + Number(err);
  }
  return steps;
}
