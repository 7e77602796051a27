/** Defaults of a run. */
export const DAY = 86_400_000;
/** How long a state directory stays in the trash unless asked otherwise: 30 days. */
export const TRASH_FOR = 30 * DAY;
