/** What `cfs` does when more than its version is asked for: it runs a command. */
import type { LogFlags } from './log.ts';

export async function start(): Promise<void> {
  // Before the first of them starts: the threads on which Node removes objects, which wait for the disk.
  process.env['UV_THREADPOOL_SIZE'] ??= '16';
  const { makeProgram } = await import('./program.ts');
  const program = makeProgram((code) => (process.exitCode = code));
  try {
    await program.parseAsync();
  } catch (error) {
    const [{ Log }, { tell }] = await Promise.all([import('./log.ts'), import('./render/error.ts')]);
    const flags = program.opts<LogFlags & { verbose?: boolean }>();
    new Log(flags).error(error, flags.verbose === true);
    process.exitCode = tell(error).exit;
  }
}
