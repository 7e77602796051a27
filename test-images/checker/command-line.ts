/** Kernel command lines, as far as an initramfs looks at them for composefs (formats.md, section 4). */

/** The arguments; double quotes protect blanks, nothing escapes. */
export function commandLineArguments(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([argument]) => argument.replaceAll('"', ''));
}

/** Every digest that the line asks for, in its order; the initramfs mounts the first whose image exists. */
export function digestsAsked(line: string): string[] {
  return commandLineArguments(line).flatMap((argument) => {
    const value =
      /^composefs=\??([0-9a-f]+)$/.exec(argument) ??
      /^composefs\.digest=\??v[12]-sha(?:256|512)-12:([0-9a-f]+)$/.exec(argument);
    return value?.[1] !== undefined && isDigest(value[1]) ? [value[1]] : [];
  });
}

export function isDigest(name: string): boolean {
  return /^([0-9a-f]{64}|[0-9a-f]{128})$/.test(name);
}

/** The digest in an artifact's name, in either spelling. */
export function artifactDigest(name: string): string | undefined {
  const found = /^(?:bootc_composefs-)?([0-9a-f]{64}|[0-9a-f]{128})(?:\.efi(?:\.extra\.d)?)?$/i.exec(name);
  return found?.[1]?.toLowerCase();
}
