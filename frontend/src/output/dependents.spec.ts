import { assigned, dependents, widgetVariable } from './dependents';

describe('assigned', () => {
  it.each([
    ['df = 1', ['df']],
    ['a, b = 1, 2', ['a', 'b']],
    ['total += x', ['total']],
    ['n: int = 3', ['n']],
    ['if a == b: pass', []],
    ['plot(x=3)', []],
    ['def f(a=1):\n    return a', ['f']],
    ['for store in stores:\n    pass', ['store']],
    ['with open(p) as file:\n    pass', ['file']],
    ['# df = 1', []],
    ['url = "a#b"  # not c = 1', ['url']]
  ])('of %j', (source, names) => {
    expect(assigned(source)).toEqual(names);
  });
});

describe('widgetVariable', () => {
  it('is what the call is assigned to', () => {
    expect(widgetVariable('chosen = ws.widgets.dropdown("store", stores)', 'store')).toBe('chosen');
    expect(widgetVariable("x = 1\nshop = widgets.dropdown(\n  name='store', choices=c)", 'store')).toBe(
      'shop'
    );
    expect(widgetVariable('ws.widgets.dropdown("store", stores)', 'store')).toBe('store');
  });
});

describe('dependents', () => {
  const notebook = [
    'import workspace_ext as ws',
    'store = ws.widgets.dropdown("store", ["Amsterdam", "New York"])',
    'day = ws.widgets.dropdown("day", days)',
    'frame = ws.sql("SELECT * FROM forecasts WHERE store = $store AND day = $day")',
    null,
    'frame.plot()',
    'other = ws.tables.read("sales")',
    'restore = 1; stores = 2',
    'ws.tables.write(frame, "copies")'
  ];

  it('are the cells that mention the variable, the parameter, or what follows from them', () => {
    expect(dependents(notebook, 1, 'store')).toEqual([1, 3, 5]);
    expect(dependents(notebook, 2, 'day')).toEqual([2, 3, 5]);
  });

  it('never are cells above, or cells that write', () => {
    expect(dependents(['print(store)', 'store = dropdown("store", a)'], 1, 'store')).toEqual([1]);
    expect(dependents(notebook, 1, 'store')).not.toContain(8);
  });

  it('follows a variable of another name', () => {
    const cells = [
      's = ws.widgets.dropdown("store", a)',
      'x = load(s)',
      'y = x + 1',
      'print(y)',
      'print("store")'
    ];
    expect(dependents(cells, 0, 'store')).toEqual([0, 1, 2, 3]);
  });

  it('leaves comments and longer names alone', () => {
    const cells = [
      'store = ws.widgets.dropdown("store", a)',
      '# store',
      'my_store = 1',
      'q = "$stores"',
      'df.store'
    ];
    expect(dependents(cells, 0, 'store')).toEqual([0, 4]);
  });
});
