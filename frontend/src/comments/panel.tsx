import { type ISignal, Signal } from '@lumino/signaling';
import { useState } from 'react';

import { Button, ErrorNote, Panel, plusIcon, useModel } from '../ui';
import { Composer } from './components/Composer';
import { PendingItems, QuoteLine, ThreadCard } from './components/ThreadCard';
import type { NotebookThreads, Placed } from './notebook';
import type { PeopleModel } from './people';

/** Which notebook's threads the panel shows. */
export class CurrentThreads {
  private readonly _changed = new Signal<this, void>(this);
  private _current: NotebookThreads | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get current(): NotebookThreads | null {
    return this._current;
  }

  set current(threads: NotebookThreads | null) {
    this._current = threads;
    this._changed.emit();
  }
}

export interface CommentsPanelProps {
  current: CurrentThreads;
  people: PeopleModel;
  /** Begin a comment, as the command does. */
  onCompose: () => void;
}

/** The threads of the notebook in front. */
export function CommentsPanel({ current, people, onCompose }: CommentsPanelProps): JSX.Element {
  const { current: threads } = useModel(current);
  useModel(threads);
  return (
    <Panel
      title="Comments"
      actions={
        threads?.model.mayComment ? (
          <Button
            kind="quiet"
            icon={plusIcon}
            aria-label="Comment on selection (Ctrl+Alt+M)"
            onClick={onCompose}
          />
        ) : null
      }
    >
      {threads ? (
        <Threads key={threads.panel.id} threads={threads} people={people} onCompose={onCompose} />
      ) : (
        <div className="atrium-Empty">
          <p>Open a notebook to see what is said about it.</p>
        </div>
      )}
    </Panel>
  );
}

const TABS = ['Open', 'Resolved', 'Detached'] as const;
type Tab = (typeof TABS)[number];

interface ThreadsProps {
  threads: NotebookThreads;
  people: PeopleModel;
  onCompose: () => void;
}

function Threads({ threads, people, onCompose }: ThreadsProps): JSX.Element {
  useModel(threads);
  useModel(people);
  const { model, draft } = threads;
  const [chosen, setChosen] = useState<Tab>('Open');
  // A comment that is being written, or a badge that was clicked, belongs to the open ones.
  const [last, setLast] = useState<unknown>(null);
  const wanted = draft ?? threads.focused;
  if (wanted !== last) {
    setLast(wanted);
    if (wanted !== null) {
      setChosen('Open');
    }
  }
  if (model.threads === null) {
    return model.error ? (
      <ErrorNote error={model.error} onRetry={() => void model.refresh()} />
    ) : (
      <div className="atrium-Skeleton" role="status" aria-label="Loading comments">
        <span />
        <span />
        <span />
      </div>
    );
  }
  const sorted = sort(threads.placed);
  const shown = sorted[chosen];
  const begun = chosen === 'Open' ? model.pending.filter(each => each.thread === null) : [];
  return (
    <>
      <div className="atrium-Tabs atrium-Comments-tabs" role="tablist" aria-label="Comments">
        {TABS.map(tab => (
          <button
            key={tab}
            type="button"
            role="tab"
            aria-selected={tab === chosen}
            onClick={() => setChosen(tab)}
          >
            {tab}
            {sorted[tab].length ? ` ${sorted[tab].length}` : ''}
          </button>
        ))}
      </div>
      <ErrorNote error={model.error} onRetry={() => void model.refresh()} />
      {draft && chosen === 'Open' ? (
        <div className="atrium-Thread atrium-mod-draft">
          <QuoteLine cell={draft.cell} quote={draft.anchor.quote?.exact ?? null} />
          <Composer
            key={`${draft.anchor.cell_id} ${draft.anchor.quote?.exact} ${draft.anchor.line}`}
            label="Comment; @ names people"
            verb="Comment"
            people={people.people}
            autoFocus
            onSend={text => void threads.send(text)}
            onCancel={() => threads.cancel()}
          />
        </div>
      ) : null}
      {begun.map(each => (
        <div key={each.key} className="atrium-Thread">
          <QuoteLine cell={threads.cellOf(each)} quote={each.anchor?.quote?.exact ?? null} />
          <PendingItems pending={[each]} model={model} people={people.people} me={people.me} />
        </div>
      ))}
      <ul className="atrium-Threads" aria-label={`${chosen} comments`}>
        {shown.map(placed => (
          <ThreadCard
            key={placed.thread.id}
            placed={placed}
            threads={threads}
            people={people.people}
            me={people.me}
          />
        ))}
      </ul>
      {shown.length === 0 && !draft && begun.length === 0 ? (
        <Nothing tab={chosen} onCompose={model.mayComment ? onCompose : null} />
      ) : null}
    </>
  );
}

function Nothing({ tab, onCompose }: { tab: Tab; onCompose: (() => void) | null }): JSX.Element {
  if (tab === 'Open') {
    return onCompose === null ? (
      <div className="atrium-Empty">
        <p>Nothing is open.</p>
      </div>
    ) : (
      <div className="atrium-Empty">
        <p>Nothing is open. Select words in a cell and press Ctrl+Alt+M to ask about them.</p>
        <Button onClick={onCompose}>Comment on selection</Button>
      </div>
    );
  }
  return (
    <div className="atrium-Empty">
      <p>
        {tab === 'Resolved'
          ? 'Nothing is resolved yet.'
          : 'Nothing is detached: every thread still has its cell. Threads of deleted cells come here.'}
      </p>
    </div>
  );
}

function sort(placed: readonly Placed[]): Record<Tab, readonly Placed[]> {
  return {
    Open: placed.filter(({ thread, found }) => thread.state === 'open' && found !== null),
    Resolved: placed.filter(({ thread }) => thread.state === 'resolved'),
    Detached: placed.filter(({ thread, found }) => thread.state === 'open' && found === null)
  };
}
