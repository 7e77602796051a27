/**
 * A line on the terminal while a run works, by yocto-spinner: small, kept up, and it leaves signals alone when asked.
 * Nothing is shown without a terminal, nor for what takes less than half a second.
 */
import type { Progress } from '@cfs/executor';
import yoctoSpinner, { type Spinner } from 'yocto-spinner';

const AFTER_MS = 500;

export class ProgressLine {
  readonly #begun = performance.now();
  #spinner: Spinner | undefined;

  readonly show = ({ phase, done, total }: Progress): void => {
    if (!process.stderr.isTTY || performance.now() - this.#begun < AFTER_MS) return;
    // A signal ends the run between two items; the spinner must not end the process before.
    this.#spinner ??= yoctoSpinner({ handleSignals: false }).start();
    this.#spinner.text = `${phase}: ${done} of ${total}`;
  };

  /** Takes the line away. */
  end(): void {
    this.#spinner?.stop();
    this.#spinner = undefined;
  }
}
