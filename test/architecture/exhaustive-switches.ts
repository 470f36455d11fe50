import ts from 'typescript';

/** A `switch` over a union that does not say that it has looked at all of it. */
export interface OpenSwitch {
  readonly at: string;
  readonly over: string;
}

/**
 * Every `switch` over a union of literals whose `default` holds no `satisfies never`: a member that is added later would fall into
 * it unseen. Text and numbers at large are no unions.
 */
export function openSwitches(program: ts.Program, isOurs: (path: string) => boolean): OpenSwitch[] {
  const checker = program.getTypeChecker();
  const found: OpenSwitch[] = [];
  for (const file of program.getSourceFiles().filter(({ fileName }) => isOurs(fileName))) {
    const visit = (node: ts.Node): void => {
      if (ts.isSwitchStatement(node) && isUnion(checker.getTypeAtLocation(node.expression)) && !endsInNever(node)) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        found.push({ at: `${file.fileName}:${line + 1}`, over: node.expression.getText() });
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return found;
}

/** `'a' | 'b'`, also with undefined among them. */
function isUnion(type: ts.Type): boolean {
  if (!type.isUnion()) return false;
  const literals = type.types.filter((member) => member.isLiteral());
  const others = type.types.filter((member) => !member.isLiteral() && !(member.flags & ts.TypeFlags.Undefined));
  return literals.length > 1 && others.length === 0;
}

/** Whether its `default` says `satisfies never`. */
function endsInNever({ caseBlock }: ts.SwitchStatement): boolean {
  const last = caseBlock.clauses.find(ts.isDefaultClause);
  let says = false;
  const visit = (node: ts.Node): void => {
    says ||= ts.isSatisfiesExpression(node) && node.type.kind === ts.SyntaxKind.NeverKeyword;
    ts.forEachChild(node, visit);
  };
  if (last) visit(last);
  return says;
}
