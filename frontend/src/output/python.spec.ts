import { pickCode } from './python';

describe('pickCode', () => {
  it('is a Python call with a literal', () => {
    expect(pickCode('store', 'New "York"\n')).toBe(
      String.raw`__import__("workspace_ext").widgets.set("store", "New \"York\"\n")`
    );
    expect(pickCode('year', 2026)).toMatch(/"year", 2026\)$/);
    expect(pickCode('whole', true)).toMatch(/"whole", True\)$/);
  });

  it('takes no name that is not one', () => {
    expect(() => pickCode('x"); import os; ("', 1)).toThrow(TypeError);
  });
});
