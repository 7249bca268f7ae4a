import { type LaneRow, Lanes } from './lanes';

const commit = (text: string) => {
  const [sha = '', ...parents] = text.split(' ');
  return { sha, parents };
};

const show = ({ lane, above, below, through }: LaneRow) =>
  `${above.join()}>${lane}>${below.join()}|${through.join()}`;

const laid = (...commits: string[]) => new Lanes().add(commits.map(commit)).map(show);

describe('Lanes', () => {
  it('draws a straight line', () => {
    expect(laid('c b', 'b a', 'a')).toEqual(['>0>0|', '0>0>0|', '0>0>|']);
  });

  it('draws a merge and where its sides began', () => {
    expect(laid('m b s', 's a', 'b a', 'a')).toEqual(['>0>0,1|', '1>1>1|0', '0>0>1|1', '1>1>|']);
  });

  it('draws two branches that begin at one commit', () => {
    expect(laid('x a', 'y a', 'a')).toEqual(['>0>0|', '>1>0|0', '0>0>|']);
  });

  it('uses a lane again once nothing leads there', () => {
    expect(laid('m b s', 's', 'n b', 'b')).toEqual(['>0>0,1|', '1>1>|0', '>1>0|0', '0>0>|']);
  });

  it('keeps unrelated histories apart, and goes on with the next page', () => {
    const lanes = new Lanes();
    expect(lanes.add([commit('b a'), commit('z')]).map(show)).toEqual(['>0>0|', '>1>|0']);
    expect(lanes.add([commit('a')]).map(show)).toEqual(['0>0>|']);
  });

  it('draws three parents, and the same parent once', () => {
    expect(laid('m a b c')).toEqual(['>0>0,1,2|']);
    expect(laid('m a a')).toEqual(['>0>0|']);
  });
});
