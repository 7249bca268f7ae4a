import type { ReactNode } from 'react';

import { linesOf, placeOf, type Spot } from '../../projects/remarks';
import type { ReviewTalk } from '../../projects/tokens';
import type { PeopleModel } from '../people';
import type { Begun, ReviewThread, ReviewThreads } from '../reviews';
import { ReviewDraft } from './ReviewDraft';
import { ReviewThreadCard } from './ReviewThreadCard';
import { PendingItems } from './ThreadCard';

/** The threads of a review, as its view draws them. */
export function talkOf(model: ReviewThreads, people: PeopleModel): ReviewTalk {
  /** What is not the server's yet, and satisfies `is`; with its `title`, where it does not hang below its lines. */
  const unsent = (is: (one: Begun) => boolean, title?: (one: Begun) => string): ReactNode[] => [
    ...model.pending.flatMap(({ anchor, ...one }) =>
      anchor && is(anchor)
        ? [
            <div key={one.key} className="atrium-Thread">
              {title ? <span className="atrium-Muted">{title(anchor)}</span> : null}
              <PendingItems
                pending={[{ anchor, ...one }]}
                model={model}
                people={people.people}
                me={people.me}
              />
            </div>
          ]
        : []
    ),
    ...model.drafts
      .filter(is)
      .map(draft => (
        <ReviewDraft
          key={`${draft.commit} ${draft.path} ${placeOf(draft.spot)} ${draft.asked}`}
          draft={draft}
          name={named(draft)}
          {...(title ? { place: title(draft) } : {})}
          people={people.people}
          onWrite={text => model.write(draft, text)}
          onSend={text => void model.send(draft, text)}
          onCancel={() => model.cancel(draft)}
        />
      ))
  ];
  const cards = (threads: readonly ReviewThread[], title?: (one: ReviewThread) => string): ReactNode[] =>
    threads.map(one => (
      <ReviewThreadCard
        key={one.thread.id}
        shown={one}
        model={model}
        people={people}
        {...(title ? { place: title(one) } : {})}
      />
    ));
  const group = (label: string, items: ReactNode[]): ReactNode =>
    items.length ? (
      <div className="atrium-ReviewThreads" role="group" aria-label={label}>
        {items}
      </div>
    ) : null;
  const below = (path: string, places: readonly string[]): ReactNode => {
    const here = (at: string, spot: Spot | null): spot is Spot =>
      at === path && spot !== null && places.includes(placeOf(spot));
    const threads = model.threads.filter(one => here(one.path, one.spot));
    const begun = (one: Begun) => model.isShown(one) && here(one.path, one.spot);
    const spot = [...threads, ...model.drafts.filter(begun)][0]?.spot;
    return group(`Comments on ${spot ? named({ path, spot }) : path}`, [...cards(threads), ...unsent(begun)]);
  };
  return {
    get changed() {
      return model.changed;
    },
    get movedOn() {
      return model.movedOn;
    },
    get invites() {
      return model.mayComment && !model.threads.length && !model.drafts.length;
    },
    get error() {
      return model.error;
    },
    get isDisposed() {
      return model.isDisposed;
    },
    open: path =>
      model.threads.filter(one => one.thread.state === 'open' && (path === undefined || one.path === path))
        .length,
    on: path => ({
      begin: model.mayComment ? spot => model.compose(path, spot) : null,
      below: places => below(path, places),
      writing: model.drafts.filter(one => one.path === path && model.isShown(one)).at(-1)?.spot ?? null
    }),
    beyond: (path, places) => {
      const hangs = (spot: Spot | null) => spot !== null && places.has(placeOf(spot));
      return group(`Comments on ${path} that are on no line here`, [
        ...cards(
          model.threads.filter(one => one.path === path && !hangs(one.spot)),
          ({ spot }) => (spot ? `${placed(spot)}, not in the difference` : 'outdated')
        ),
        ...unsent(one => one.path === path && !(model.isShown(one) && hangs(one.spot)), before)
      ]);
    },
    elsewhere: paths =>
      group('Comments on other files', [
        ...cards(
          model.threads.filter(one => !paths.includes(one.path)),
          ({ path, spot }) => `${path} · ${spot ? `${placed(spot)}, not in the difference` : 'outdated'}`
        ),
        ...unsent(
          one => !paths.includes(one.path),
          one => `${one.path} · ${before(one)}`
        )
      ]),
    refresh: () => model.refresh(),
    follow: reviewed => model.follow(reviewed),
    dispose: () => model.dispose()
  };
}

/** "line 3 of notes.md", "notes.md". */
function named({ path, spot }: Pick<Begun, 'path' | 'spot'>): string {
  return spot.first === null && !spot.cell ? path : `${placed(spot)} of ${path}`;
}

/** "line 3 at a1b2c3d": as it was when the comment was begun. */
function before({ commit, spot }: Begun): string {
  return `${placed(spot)} at ${commit.slice(0, 7)}`;
}

function placed({ side, cell, first, last }: Spot): string {
  if (first === null || last === null) {
    return cell ? 'the cell' : 'the file';
  }
  return `${side === 'old' ? 'old ' : ''}${linesOf(first, last)}`;
}
