/** How a commit is drawn between those above and those below it. Lanes are counted from 0, left to right. */
export interface LaneRow {
  /** Where its dot is. */
  lane: number;
  /** Lanes whose lines come down to the dot. */
  above: readonly number[];
  /** Lanes to which lines go down from the dot, one for each parent. */
  below: readonly number[];
  /** Lanes whose lines pass by. */
  through: readonly number[];
}

/** What a line of history needs to know of a commit. */
interface Linked {
  sha: string;
  parents: readonly string[];
}

/** Lays commits out, page after page; each comes before its parents. */
export class Lanes {
  /** The commit that each lane leads to. */
  private readonly _lanes: (string | null)[] = [];

  add(commits: readonly Linked[]): LaneRow[] {
    return commits.map(commit => this._row(commit));
  }

  private _row({ sha, parents }: Linked): LaneRow {
    const lanes = this._lanes;
    const above = lanes.flatMap((wanted, at) => (wanted === sha ? [at] : []));
    const lane = above[0] ?? this._free();
    const through = lanes.flatMap((wanted, at) => (wanted !== null && wanted !== sha ? [at] : []));
    above.forEach(at => (lanes[at] = null));
    const below = parents.map(parent => {
      const there = lanes.indexOf(parent);
      const at = there === -1 ? ((lanes[lane] ?? null) === null ? lane : this._free()) : there;
      lanes[at] = parent;
      return at;
    });
    while (lanes.length && lanes[lanes.length - 1] === null) {
      lanes.pop();
    }
    return { lane, above, below: [...new Set(below)], through };
  }

  private _free(): number {
    const at = this._lanes.indexOf(null);
    return at === -1 ? this._lanes.length : at;
  }
}
