/** The entry point of the `cfs` command. */
import { PosixError } from '@cfs/posix';
import { EXIT, Failure } from './failure.ts';
import { makeProgram } from './program.ts';

try {
  await makeProgram((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof Failure) {
    process.stderr.write(`cfs: ${error.message}\n${error.hint ? `  help: ${error.hint}\n` : ''}`);
    return error.exit;
  }
  if (error instanceof PosixError) {
    process.stderr.write(`cfs: ${error.message}\n`);
    return EXIT.error;
  }
  if (error instanceof Error && error.name === 'LockError') {
    process.stderr.write(`cfs: ${error.message}\n  help: wait for it, or give it time with --wait 60s\n`);
    return EXIT.error;
  }
  throw error;
}
