/** What the program around provides. */

/** Puts bytes of the image into memory: exactly so many, or it does not come back. */
export declare function read(offset: f64, length: u32, place: usize): void;

/** Does not come back either. Each `%` of the message stands for the next number; an offset below 0 is none. */
declare function damage(code: string, message: string, offset: f64, first: f64, second: f64): void;

/** Says what is wrong with the image, and where: code, message and offset of a FormatError. */
export function fail(code: string, message: string, offset: f64 = -1, first: f64 = 0, second: f64 = 0): void {
  damage(code, message, offset, first, second);
  unreachable();
}
