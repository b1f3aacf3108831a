import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getNamedType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';

type Columns = readonly string[] | undefined;

/** Documents are kept, so what one of their fields asks for is worked out once. */
const known = new WeakMap<FieldNode, { columns: Columns }>();

/** The columns that a connection's nodes are asked for, by this field of the document; undefined stands for all. */
export function requestedColumns(info: GraphQLResolveInfo): Columns {
  const [node] = info.fieldNodes;
  if (!node || info.fieldNodes.length > 1) return undefined;
  let found = known.get(node);
  if (!found) {
    found = { columns: columnsOf(info, node) };
    known.set(node, found);
  }
  return found.columns;
}

function columnsOf(info: GraphQLResolveInfo, field: FieldNode): Columns {
  const connection = getNamedType(info.returnType) as GraphQLObjectType;
  const columns = new Set<string>();
  for (const [name, inner] of fieldsIn(info, field.selectionSet)) {
    const nodes =
      name === 'edges'
        ? fieldsIn(info, inner.selectionSet).filter(([part]) => part === 'node')
        : [[name, inner] as const];
    for (const [part, node] of nodes) {
      if (part !== 'node' && part !== 'nodes') continue;
      const type = getNamedType(connection.getFields().nodes?.type);
      if (!isObjectType(type)) return undefined;
      for (const [wanted] of fieldsIn(info, node.selectionSet)) {
        const reads = wanted === '__typename' ? [] : type.getFields()[wanted]?.extensions.reads;
        if (!Array.isArray(reads)) return undefined;
        for (const column of reads) columns.add(column);
      }
    }
  }
  return [...columns];
}

/** Every field of a selection, through its fragments, whatever its conditions turn out to be. */
function fieldsIn(info: GraphQLResolveInfo, set: SelectionSetNode | undefined): (readonly [string, FieldNode])[] {
  return (set?.selections ?? []).flatMap((selection) => {
    if (selection.kind === 'Field') return [[selection.name.value, selection] as const];
    if (selection.kind === 'InlineFragment') return fieldsIn(info, selection.selectionSet);
    return fieldsIn(info, info.fragments[selection.name.value]?.selectionSet);
  });
}
