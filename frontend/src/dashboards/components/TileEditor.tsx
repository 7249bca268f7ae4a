import { caretDownEmptyIcon, caretLeftIcon, caretRightIcon, type LabIcon } from '@jupyterlab/ui-components';
import { type DragEvent, useState } from 'react';

import type { Wire } from '../../api/wire';
import { Button } from '../../ui';
import { step, WIDTHS } from '../layout';
import { OutputView } from './OutputView';

type Tile = Wire<'Tile'>;

const DRAGGED = 'application/vnd.atrium.tile';

export interface TileEditorProps {
  tile: Tile;
  base: string;
  first: boolean;
  last: boolean;
  onChange: (changes: Partial<Tile>) => void;
  onMove: (by: 1 | -1) => void;
  /** Another tile was dropped on this one. */
  onDrop: (id: string) => void;
}

/** A tile as viewers see it, with what arranges it above: by mouse, or with the same buttons by keyboard. */
export function TileEditor(props: TileEditorProps): JSX.Element {
  const { tile, onChange, onMove } = props;
  const [over, setOver] = useState(false);
  const name = tile.title || 'Untitled tile';
  const accepts = (event: DragEvent) => event.dataTransfer.types.includes(DRAGGED);
  return (
    <section
      className={`atrium-Tile atrium-mod-width-${tile.width}${over ? ' atrium-mod-target' : ''}`}
      aria-label={name}
      onDragOver={event => {
        if (accepts(event)) {
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        if (accepts(event)) {
          event.preventDefault();
          props.onDrop(event.dataTransfer.getData(DRAGGED));
        }
      }}
    >
      <header
        className="atrium-Tile-header"
        draggable
        onDragStart={event => {
          event.dataTransfer.setData(DRAGGED, tile.id);
          event.dataTransfer.effectAllowed = 'move';
        }}
      >
        <span className="atrium-Tile-grip" aria-hidden="true" title="Drag to move" />
        <input
          className="atrium-Input atrium-Tile-title"
          aria-label="Title"
          placeholder="Add a title"
          value={tile.title}
          maxLength={200}
          // Selecting words would drag the tile.
          draggable
          onDragStart={event => {
            event.preventDefault();
            event.stopPropagation();
          }}
          onChange={event => onChange({ title: event.target.value })}
        />
        <div className="atrium-Tile-actions" role="group" aria-label={`Arrange ${name}`}>
          <Action icon={caretLeftIcon} label="Move before" disabled={props.first} run={() => onMove(-1)} />
          <Action icon={caretRightIcon} label="Move after" disabled={props.last} run={() => onMove(1)} />
          <Button
            kind="quiet"
            aria-label="Narrower"
            disabled={tile.width === WIDTHS[0]}
            onClick={() => onChange({ width: step(tile.width, -1) })}
          >
            −
          </Button>
          <span className="atrium-Tile-width" title={`${tile.width} of 12 columns`}>
            {tile.width}/12
          </span>
          <Button
            kind="quiet"
            aria-label="Wider"
            disabled={tile.width === 12}
            onClick={() => onChange({ width: step(tile.width, 1) })}
          >
            +
          </Button>
          <Button kind="quiet" onClick={() => onChange({ hidden: true })}>
            Hide
          </Button>
        </div>
      </header>
      <div className="atrium-Tile-body">
        {tile.outputs.map((output, index) => (
          <OutputView key={index} output={output} base={props.base} title={tile.title} />
        ))}
      </div>
    </section>
  );
}

function Action(props: { icon: LabIcon; label: string; disabled: boolean; run: () => void }): JSX.Element {
  return (
    <Button
      kind="quiet"
      icon={props.icon}
      aria-label={props.label}
      disabled={props.disabled}
      onClick={props.run}
    />
  );
}

export interface HiddenTilesProps {
  tiles: readonly Tile[];
  base: string;
  onShow: (id: string) => void;
}

/** Tiles that viewers do not see. */
export function HiddenTiles(props: HiddenTilesProps): JSX.Element | null {
  if (props.tiles.length === 0) {
    return null;
  }
  return (
    <details className="atrium-HiddenTiles">
      <summary>
        <caretDownEmptyIcon.react tag="span" className="atrium-Icon" />
        Hidden from viewers ({props.tiles.length})
      </summary>
      <ul>
        {props.tiles.map(tile => (
          <li key={tile.id}>
            <div className="atrium-HiddenTiles-peek">
              {tile.title ? <strong>{tile.title}</strong> : null}
              {tile.outputs.map((output, index) => (
                <OutputView key={index} output={output} base={props.base} title={tile.title} />
              ))}
            </div>
            <Button onClick={() => props.onShow(tile.id)}>Show</Button>
          </li>
        ))}
      </ul>
    </details>
  );
}
