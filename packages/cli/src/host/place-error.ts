/** Why the places could not be found: a stable code, what it is about, and what to do next. */
export type PlaceErrorCode =
  /** What was given, or found mounted, is no directory that can be opened. */
  | 'cannot-open'
  /** lsblk is missing or failed. */
  | 'no-block-devices'
  /** The sysroot lies on no block device that lsblk lists. */
  | 'no-disk'
  /** The disks of the sysroot have no EFI system partition, and this machine started by EFI. */
  | 'no-esp'
  | 'cannot-mount'
  /** It has to be written, and its file system is mounted read-only. */
  | 'read-only';

export class PlaceError extends Error {
  override readonly name = 'PlaceError';
  readonly code: PlaceErrorCode;
  readonly path: string;
  readonly hint: string;

  constructor(code: PlaceErrorCode, path: string, message: string, hint: string) {
    super(`${path}: ${message}`);
    this.code = code;
    this.path = path;
    this.hint = hint;
  }
}
