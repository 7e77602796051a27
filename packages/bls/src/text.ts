/** Bytes of a boot partition as text. Latin-1 is text too; what holds control characters is not. */
export function decodeText(bytes: Uint8Array): string | undefined {
  throw new Error(`not written yet: ${bytes.length}`);
}
