/** An archive that the bundle carries in itself. */
declare module '*.tar.zst' {
  const bytes: Uint8Array;
  export default bytes;
}
