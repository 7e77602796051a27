/**
 * The public surface of a package as text: each declaration that its entry point exports, and those of its own that they
 * mention, without comments. Kept in docs/api/, so that a change is seen where it is reviewed.
 */
import ts from 'typescript';

/** `entry`: the .d.ts of a door. What other packages declare is named, not repeated. */
export function publicApi(entry: string): string {
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const door = source && checker.getSymbolAtLocation(source);
  if (door === undefined) throw new Error(`${entry} exports nothing`);
  const folder = entry.slice(0, entry.lastIndexOf('/dist/') + '/dist/'.length);
  const target = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const own = (symbol: ts.Symbol): ts.Declaration[] =>
    (symbol.declarations ?? []).filter((each) => each.getSourceFile().fileName.startsWith(folder) && isTop(each));

  const exported = new Map(checker.getExportsOfModule(door).map((each) => [target(each), each.name]));
  const seen = new Set(exported.keys());
  for (const symbol of seen)
    for (const declaration of own(symbol))
      for (const mentioned of mentionedIn(declaration, checker))
        if (own(target(mentioned)).length > 0) seen.add(target(mentioned));

  const printer = ts.createPrinter({ removeComments: true });
  const print = (symbol: ts.Symbol): string => {
    const name = exported.get(symbol);
    const texts = own(symbol).map((each) =>
      printer.printNode(ts.EmitHint.Unspecified, statementOf(each), each.getSourceFile()),
    );
    const from = name !== undefined && name !== symbol.name ? `// as ${name}\n` : '';
    // From another package.
    return texts.length === 0
      ? `export { ${name ?? symbol.name} };`
      : from +
          texts
            .join('\n')
            .replace(/^export declare /gm, '')
            .replace(/^(export|declare) /gm, '');
  };
  const list = (symbols: ts.Symbol[]): string => symbols.map(print).sort().join('\n\n');
  const hidden = [...seen].filter((each) => !exported.has(each));
  return `${list([...exported.keys()])}\n${hidden.length === 0 ? '' : `\n// Not exported, but mentioned:\n\n${list(hidden)}\n`}`;
}

function mentionedIn(node: ts.Node, checker: ts.TypeChecker): ts.Symbol[] {
  const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
  const below: ts.Symbol[] = [];
  ts.forEachChild(node, (child) => void below.push(...mentionedIn(child, checker)));
  return symbol === undefined ? below : [symbol, ...below];
}

/** A variable's declaration says little without its `const`. */
function statementOf(declaration: ts.Declaration): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

/** Neither a member nor a parameter. */
function isTop(declaration: ts.Declaration): boolean {
  return ts.isSourceFile(statementOf(declaration).parent);
}
