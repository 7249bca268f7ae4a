import { blocksOf, isText, partsOf, readAbout, sizeOf, textMime, textOf } from './large';

const about = { hash: 'a'.repeat(64), size: 3_400_000, mimes: [], output_type: 'stream', name: 'stdout' };

describe('readAbout', () => {
  it('takes what the server writes and nothing else', () => {
    expect(readAbout(about)).toEqual(about);
    expect(readAbout({ ...about, hash: 1 })).toBeNull();
    expect(readAbout('x')).toBeNull();
    expect(readAbout(undefined)).toBeNull();
  });
});

describe('what kind of output it is', () => {
  it('tells text from what is drawn', () => {
    expect(isText(about)).toBe(true);
    expect(isText({ ...about, output_type: 'execute_result', mimes: ['text/plain'] })).toBe(true);
    expect(isText({ ...about, output_type: 'display_data', mimes: ['image/png', 'text/plain'] })).toBe(false);
    expect(textMime(about)).toContain('stdout');
    expect(textMime({ ...about, name: 'stderr' })).toContain('stderr');
    expect(textMime({ ...about, output_type: 'error' })).toContain('stderr');
  });

  it('finds the text wherever it is', () => {
    expect(textOf({ output_type: 'stream', text: ['a\n', 'b'] })).toBe('a\nb');
    expect(textOf({ output_type: 'error', traceback: ['a', 'b'] })).toBe('a\nb');
    expect(textOf({ output_type: 'display_data', data: { 'text/plain': 'a' } })).toBe('a');
  });
});

describe('partsOf', () => {
  it('parts the preview where something is left out', () => {
    expect(partsOf('a\nb\n[… 3.4 MB more …]\nc\n')).toEqual({ first: 'a\nb', left: '3.4 MB', last: 'c\n' });
    expect(partsOf('a\n[… 12 kB more …]\nc').left).toBe('12 kB');
    expect(partsOf('a\nb')).toEqual({ first: 'a\nb', left: '', last: '' });
  });
});

describe('blocksOf', () => {
  it.each([
    ['many short lines', 'line\n'.repeat(50_000)],
    ['long lines', ('x'.repeat(30_000) + '\n').repeat(20)],
    ['a line that does not end', '😀'.repeat(200_001)],
    ['a last line without an end', 'a\nb'],
    ['empty lines', '\n'.repeat(3000)]
  ])('of %s lose nothing and are small', (_, text) => {
    const blocks = blocksOf(text);
    const again = blocks.map(block => block.text).join('');
    expect(again.replaceAll('\n', '')).toBe(text.replaceAll('\n', ''));
    expect(Math.max(...blocks.map(block => block.text.length))).toBeLessThanOrEqual(100_000);
    expect(blocks.every(block => block.lines >= 1 && block.text.split('\n').length === block.lines)).toBe(
      true
    );
    expect(blocks.every(block => !/^[\uDC00-\uDFFF]/.test(block.text))).toBe(true);
  });
});

describe('sizeOf', () => {
  it('is for people', () => {
    expect([12, 34_567, 3_400_000].map(sizeOf)).toEqual(['1 kB', '35 kB', '3.4 MB']);
  });
});
