/** Pins as text: one deployment each. */
import type { Pins } from '../commands/pins.ts';
import { titleOf } from './plan.ts';
import { paint } from './text.ts';

export function renderPins({ pins }: Pins): string {
  if (pins.length === 0) return 'Nothing is pinned.\n';
  const lines = pins.flatMap((pin) => {
    const roles = (pin.roles ?? []).filter((role) => role !== 'pinned').join(', ');
    const rest = pin.present ? roles || 'not in the boot menu' : paint('yellow', 'nothing of it is there any more');
    return [titleOf(pin), `  ${rest}${pin.bootable === false ? ', would not start' : ''}`];
  });
  return `${lines.join('\n')}\n`;
}
