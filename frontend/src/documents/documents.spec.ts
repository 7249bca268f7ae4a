import { othersIn } from './presence';

const state = (username: string, name: string, color = '') => ({
  user: { username, display_name: name, color }
});

describe('othersIn', () => {
  it('names everybody else once, by name', () => {
    const states = new Map<number, Record<string, unknown>>([
      [1, state('ana', 'Ana')],
      [2, state('cy', 'Cy', 'red')],
      [3, state('bo', 'Bo')],
      [4, state('bo', 'Bo')],
      [5, {}]
    ]);
    expect(othersIn(states, 'ana')).toEqual([
      { username: 'bo', name: 'Bo', color: '' },
      { username: 'cy', name: 'Cy', color: 'red' }
    ]);
  });
});
