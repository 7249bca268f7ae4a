export type SnippetKind = 'pandas' | 'sql' | 'spark';

export const SNIPPETS: readonly { kind: SnippetKind; label: string }[] = [
  { kind: 'pandas', label: 'pandas' },
  { kind: 'sql', label: 'SQL' },
  { kind: 'spark', label: 'pandas API on Spark' }
];

/** Those that can read an earlier version as well. */
export const OF_VERSIONS = SNIPPETS.filter(each => each.kind === 'pandas');

/** Code that reads a table (as it was at a version); it imports what the notebook's cells do not import yet. */
export function snippet(
  kind: SnippetKind,
  table: string,
  sources: readonly string[],
  version: number | null = null
): string {
  const lines = imports('import workspace_ext as ws', sources);
  switch (kind) {
    case 'pandas':
      lines.push(`df = ws.tables.read("${table}"${version === null ? '' : `, version=${version}`})`);
      break;
    case 'sql':
      lines.push(`df = ws.sql("SELECT * FROM ${table}")`);
      break;
    case 'spark':
      lines.push(
        ...imports('import pyspark.pandas as ps', sources),
        'spark = ws.cluster.spark()',
        `df = ps.read_table("${table}")`
      );
  }
  return lines.join('\n');
}

function imports(line: string, sources: readonly string[]): string[] {
  const there = new RegExp(`^[ \\t]*${line.replace(/\./g, '\\.')}[ \\t]*(#.*)?$`, 'm');
  return sources.some(source => there.test(source)) ? [] : [line];
}

/** Code that makes the first table. */
export const FIRST_TABLE = [
  'import pandas as pd',
  'import workspace_ext as ws',
  'frame = pd.DataFrame({"store": ["Amsterdam", "New York"], "units": [3, 4]})',
  'ws.tables.write(frame, "sales")'
].join('\n');
