import { useRef, useState } from 'react';

import {
  Button,
  dashboardIcon,
  ErrorNote,
  exactTime,
  linkIcon,
  Popover,
  refreshIcon,
  RelativeTime,
  useAction,
  useModel,
  warningIcon
} from '../ui';
import { Dropdown, readWidget } from '../ui/output';
import { Sharing } from './components/Sharing';
import { HiddenTiles, TileEditor } from './components/TileEditor';
import { change, move, place } from './layout';
import type { EditorModel, View } from './model';

/** Where a dashboard is arranged, previewed as a phone shows it, and shared. */
export function Editor(props: { model: EditorModel }): JSX.Element {
  const model = useModel(props.model);
  const { view } = model;
  if (!view) {
    return (
      <div className="atrium-Editor">
        {model.error ? (
          <ErrorNote error={model.error} onRetry={() => void model.refresh()} />
        ) : (
          <p role="status">Loading the dashboard</p>
        )}
      </div>
    );
  }
  return <Loaded model={model} view={view} />;
}

function Loaded(props: { model: EditorModel; view: View }): JSX.Element {
  const { model, view } = props;
  const [phone, setPhone] = useState(false);
  const shown = view.tiles.filter(tile => !tile.hidden);
  return (
    <div className="atrium-Editor">
      <Bar model={model} view={view} phone={phone} onPhone={setPhone} />
      <ErrorNote error={model.saveError} onRetry={() => void model.save()} retryLabel="Save again" />
      <Notes notes={view.notes ?? []} />
      <div className={`atrium-Board${phone ? ' atrium-mod-phone' : ''}`}>
        {view.widgets.length ? (
          <div className="atrium-Board-widgets" role="group" aria-label="Viewers choose">
            {view.widgets.map(widget => {
              const data = readWidget(widget);
              return data ? (
                <Dropdown key={widget.name} widget={data} disabled={true} onChange={() => undefined} />
              ) : null;
            })}
          </div>
        ) : null}
        {shown.length === 0 ? (
          <p className="atrium-Empty">Nothing is shown. Show a hidden tile below.</p>
        ) : null}
        <div className="atrium-Board-grid">
          {shown.map((tile, index) => (
            <TileEditor
              key={tile.id}
              tile={tile}
              base={model.base}
              first={index === 0}
              last={index === shown.length - 1}
              onChange={changes => model.arrange(now => change(now, tile.id, changes))}
              onMove={by => model.arrange(now => move(now, tile.id, by))}
              onDrop={id => model.arrange(now => place(now, id, tile.id))}
            />
          ))}
        </div>
      </div>
      <HiddenTiles
        tiles={view.tiles.filter(tile => tile.hidden)}
        base={model.base}
        onShow={id => model.arrange(now => change(now, id, { hidden: false }))}
      />
    </div>
  );
}

interface BarProps {
  model: EditorModel;
  view: View;
  phone: boolean;
  onPhone: (phone: boolean) => void;
}

function Bar(props: BarProps): JSX.Element {
  const { model, view, phone } = props;
  const [sharing, setSharing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const renew = useAction(() => model.renew());
  const { provenance } = view;
  return (
    <header className="atrium-Editor-bar">
      <div className="atrium-Editor-name">
        <input
          className="atrium-Input atrium-Editor-title"
          aria-label="Title of the dashboard"
          value={view.title}
          maxLength={200}
          onChange={event => model.arrange(now => ({ ...now, title: event.target.value }))}
        />
        <span className="atrium-Muted" title={exactTime(provenance.as_of)}>
          {provenance.source === 'run' ? 'Run ' : 'Saved '}
          <RelativeTime time={provenance.as_of} />
          {provenance.sha ? (
            <>
              {' · '}
              <span className="atrium-Commit">{provenance.sha.slice(0, 7)}</span>
            </>
          ) : null}
          {' · '}
          <span role="status">{model.dirty ? 'Saving' : 'Saved'}</span>
        </span>
      </div>
      <div className="atrium-Editor-actions">
        <Button
          kind="quiet"
          icon={refreshIcon}
          aria-label="Take the newest results"
          busy={renew.busy}
          onClick={() => void renew.run()}
        />
        <Button aria-pressed={phone} onClick={() => props.onPhone(!phone)}>
          Phone
        </Button>
        <Button icon={dashboardIcon} onClick={() => window.open(model.address, '_blank', 'noopener')}>
          Open
        </Button>
        <Button
          ref={button}
          kind="primary"
          icon={linkIcon}
          aria-expanded={sharing}
          aria-haspopup="dialog"
          onClick={() => setSharing(!sharing)}
        >
          Share
        </Button>
        {sharing ? (
          <Popover anchor={button} label="Share this dashboard" onClose={() => setSharing(false)}>
            <Sharing model={model} />
          </Popover>
        ) : null}
      </div>
      <ErrorNote error={renew.error} />
    </header>
  );
}

function Notes(props: { notes: readonly string[] }): JSX.Element | null {
  return props.notes.length ? (
    <ul className="atrium-Editor-notes" aria-label="Before you share it">
      {props.notes.map(note => (
        <li key={note}>
          <warningIcon.react tag="span" className="atrium-Icon" />
          <span>{note}</span>
        </li>
      ))}
    </ul>
  ) : null;
}
