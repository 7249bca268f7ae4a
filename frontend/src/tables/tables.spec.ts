import { bytes } from './components/size';
import { snippet } from './snippets';

describe('snippet', () => {
  it('imports the library where the notebook does not', () => {
    expect(snippet('pandas', 'sales', ['x = 1'])).toBe(
      'import workspace_ext as ws\ndf = ws.tables.read("sales")'
    );
    expect(snippet('pandas', 'sales', ['x = 1', '  import workspace_ext as ws  # here\n'])).toBe(
      'df = ws.tables.read("sales")'
    );
    expect(snippet('sql', 'sales', ['# import workspace_ext as ws', 'import workspace_ext as wsx'])).toBe(
      'import workspace_ext as ws\ndf = ws.sql("SELECT * FROM sales")'
    );
  });

  it('reads an earlier version', () => {
    expect(snippet('pandas', 'sales', ['import workspace_ext as ws'], 0)).toBe(
      'df = ws.tables.read("sales", version=0)'
    );
  });

  it('starts Spark before it reads with it', () => {
    expect(snippet('spark', 'sales', ['import workspace_ext as ws'])).toBe(
      'import pyspark.pandas as ps\nspark = ws.cluster.spark()\ndf = ps.read_table("sales")'
    );
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [20_000, '20 kB'],
    [999_999, '1 MB'],
    [3_200_000_000, '3.2 GB']
  ])('%i is %s', (count, words) => {
    expect(bytes(count)).toBe(words);
  });
});
