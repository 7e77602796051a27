/**
 * GRUB's script language as far as it takes to find commands and blocks in it: words with their quotes, and what lies
 * inside what. Offsets are kept, so that a caller can cut out exact bytes. Nothing is executed or expanded.
 * Source: grub-core/script/yylex.l (words) and parser.y (blocks) of GRUB 2.
 *
 * Reading never fails. `broken` tells where the structure stops being certain; whatever ends after it is a guess.
 */

export interface Word {
  /** Quotes and escapes removed; `$x` and `${x}` stay as written. */
  readonly value: string;
  readonly raw: string;
  readonly start: number;
  readonly end: number;
}

/** `block` is the `{ … }` of a command (menuentry, submenu). */
export interface Construct {
  readonly kind: 'if' | 'loop' | 'function' | 'block';
  readonly start: number;
  /** After the closing word; undefined while it is open. */
  end?: number;
  /** The command whose block it is. */
  readonly command?: Command;
  readonly parent: Place | undefined;
  readonly depth: number;
}

/** A part of a construct: for `if`, branch 0 is the first `if … then …`, each `elif` and `else` begins another. */
export interface Place {
  readonly construct: Construct;
  readonly branch: number;
  readonly part: 'condition' | 'body';
}

export interface Command {
  /** At least one; the first is the command's name. */
  readonly words: readonly Word[];
  /** Undefined at top level. */
  readonly place: Place | undefined;
  /** Whether the command begins its line, but for blanks. */
  readonly startsLine: boolean;
  body?: Construct;
  /** Whether nothing but a comment follows on the line of its end, and where the next line begins. */
  alone: boolean;
  lineEnd: number;
}

export interface Script {
  readonly commands: readonly Command[];
  /** Parents come before what lies in them. */
  readonly constructs: readonly Construct[];
  readonly broken?: { readonly offset: number; readonly message: string };
  /** What follows a quote or variable that is never closed, not read at all; usually empty. */
  readonly unread: string;
}

interface Token {
  readonly kind: 'word' | 'newline' | 'separator' | '{' | '}' | 'end';
  readonly word: Word;
}

/** Deeper nesting is not read: no menu needs it, and a hostile file could ask for anything. */
const DEEPEST = 100;

/** Reads a whole script; the text has one character per byte. */
export function readScript(text: string): Script {
  return new Reader(text).read();
}

const CLOSERS = new Map<string, Construct['kind']>([
  ['fi', 'if'],
  ['done', 'loop'],
]);

class Reader {
  private readonly text: string;
  private readonly commands: Command[] = [];
  private readonly constructs: Construct[] = [];
  private readonly stack: Place[] = [];
  private current: { words: Word[]; startsLine: boolean } | undefined;
  private functionAt: number | undefined;
  /** The command that has just ended and whose line is not over yet. */
  private ended: Command | undefined;
  private startsLine = true;
  private broken: { offset: number; message: string } | undefined;
  private unread = '';

  constructor(text: string) {
    this.text = text;
  }

  read(): Script {
    for (const token of tokens(this.text)) this.take(token);
    const open = this.stack[0]?.construct;
    if (open) this.breakAt(open.command?.words[0]?.start ?? open.start, 'what begins here is never closed');
    const { commands, constructs, unread } = this;
    return { commands, constructs, unread, ...(this.broken && { broken: this.broken }) };
  }

  private take({ kind, word }: Token): void {
    if (kind === 'end' && word.raw !== '') {
      this.unread = word.raw;
      this.breakAt(word.start, 'a quote or variable begins here and is never closed');
    }
    if (kind !== 'newline' && kind !== 'end' && kind !== 'separator' && !this.current && this.ended) {
      this.ended.alone = false;
    }
    if (kind === 'newline' || kind === 'end') this.endLine(word);
    else if (kind === 'separator') this.endCommand();
    else if (kind === '{') this.openBrace(word);
    else if (kind === '}') this.closeBrace(word);
    else this.takeWord(word);
    this.startsLine = kind === 'newline';
  }

  private takeWord(word: Word): void {
    if (this.current) this.current.words.push(word);
    else if (this.functionAt !== undefined || !this.takeReserved(word)) this.beginCommand(word);
  }

  private beginCommand(word: Word): void {
    if (this.functionAt === undefined) this.current = { words: [word], startsLine: this.startsLine };
  }

  /** Reserved words count at the beginning of a command only; as arguments they are plain words. */
  private takeReserved(word: Word): boolean {
    const top = this.stack.at(-1);
    const closes = CLOSERS.get(word.raw);
    if (word.raw === 'if') this.open('if', word.start, 'condition');
    else if (['while', 'until', 'for'].includes(word.raw)) this.open('loop', word.start, 'condition');
    else if (word.raw === 'function') this.functionAt = word.start;
    else if (closes) this.close(closes, word);
    else if (word.raw === 'then' || word.raw === 'do') this.turn(word, top?.branch ?? 0, 'body');
    else if (word.raw === 'elif') this.turn(word, (top?.branch ?? 0) + 1, 'condition');
    else if (word.raw === 'else') this.turn(word, (top?.branch ?? 0) + 1, 'body');
    else return false;
    return true;
  }

  private turn(word: Word, branch: number, part: Place['part']): void {
    const top = this.stack.at(-1);
    const kind = word.raw === 'do' ? 'loop' : 'if';
    if (top?.construct.kind !== kind) this.breakAt(word.start, `${word.raw} stands where nothing asks for it`);
    else this.stack[this.stack.length - 1] = { construct: top.construct, branch, part };
  }

  private openBrace(word: Word): void {
    const command = this.current && this.endCommand();
    if (this.functionAt !== undefined) {
      this.open('function', this.functionAt, 'body');
      this.functionAt = undefined;
    } else {
      if (!command) this.breakAt(word.start, 'a brace opens a block without a command before it');
      const construct = this.open('block', word.start, 'body', command);
      if (command) command.body = construct;
    }
    this.ended = undefined;
  }

  private closeBrace(word: Word): void {
    this.endCommand();
    const kind = this.stack.at(-1)?.construct.kind;
    this.close(kind === 'function' ? 'function' : 'block', word);
  }

  private open(kind: Construct['kind'], start: number, part: Place['part'], command?: Command): Construct {
    const parent = this.stack.at(-1);
    const construct: Construct = { kind, start, parent, depth: this.stack.length, ...(command && { command }) };
    if (construct.depth >= DEEPEST)
      this.breakAt(this.stack[0]?.construct.start ?? start, 'blocks are nested too deeply');
    else this.stack.push({ construct, branch: 0, part });
    this.constructs.push(construct);
    return construct;
  }

  private close(kind: Construct['kind'], word: Word): void {
    const top = this.stack.at(-1)?.construct;
    if (top?.kind !== kind) {
      this.breakAt(word.start, `${word.raw} closes nothing that is open`);
    } else {
      this.stack.pop();
      top.end = word.end;
      this.ended = top.command;
    }
  }

  private endCommand(): Command | undefined {
    if (!this.current) return undefined;
    const command = { ...this.current, place: this.stack.at(-1), alone: true, lineEnd: this.text.length };
    this.current = undefined;
    this.commands.push(command);
    this.ended = command;
    return command;
  }

  private endLine(word: Word): void {
    this.endCommand();
    if (this.ended) this.ended.lineEnd = word.end;
    this.ended = undefined;
  }

  private breakAt(offset: number, message: string): void {
    if (!this.broken || offset < this.broken.offset) this.broken = { offset, message };
  }
}

/** Blanks and comments are left out. The last token is `end`; its word holds what could not be read. */
function* tokens(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const start = at;
    const character = text.charAt(at);
    if (/[ \t\r]/.test(character)) {
      at++; // GRUB drops every CR when it reads a file
    } else if (character === '#') {
      at = lineEnd(text, at);
    } else if (/[\n{}|&;<>]/.test(character)) {
      const kind = character === '\n' ? 'newline' : character === '{' || character === '}' ? character : 'separator';
      yield { kind, word: { value: character, raw: character, start, end: ++at } };
    } else {
      const word = readWord(text, at);
      if (!word) break;
      yield { kind: 'word', word };
      at = word.end;
    }
  }
  yield { kind: 'end', word: { value: '', raw: text.slice(at), start: at, end: text.length } };
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

/** The pieces of a word: "…", '…', an escape, a variable, the mark of a translated string, plain characters. */
const PIECE =
  /"([^"\\]*(?:\\[^][^"\\]*)*)"|'([^']*)'|\\(\r?\n|[^])|(\$\{(?:\w+|[?#*@])\})|\$(?=")|([^{}|&$;<> \t\n'"\\]+|\$(?!\{))/y;

/** The word that begins at `start`, or undefined where a quote or variable in it is never closed. */
function readWord(text: string, start: number): Word | undefined {
  const pieces: string[] = [];
  let at = start;
  for (;;) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (!match) break;
    pieces.push(pieceValue(match));
    at = PIECE.lastIndex;
  }
  if (/["'\\$]/.test(text.charAt(at))) return undefined;
  return { value: pieces.join(''), raw: text.slice(start, at).replace(/\r/g, ''), start, end: at };
}

function pieceValue([, double, single, escaped, variable, plain]: readonly (string | undefined)[]): string {
  if (double !== undefined)
    return double
      .replace(/\r/g, '')
      .replace(/\\\n/g, '')
      .replace(/\\([$"\\])/g, '$1');
  if (escaped !== undefined) return escaped.endsWith('\n') ? '' : escaped;
  return (single ?? variable ?? plain ?? '').replace(/\r/g, '');
}
