import { YNotebook } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { Edits, type Typed } from './edits';
import { Rescue } from './rescue';
import { Saving } from './saving';

const SERVER = 'server';

/** Ana's page, and what Bo does: `arrive` brings to her what he has done, `send` to him what she has. */
function pair() {
  const ana = new YNotebook();
  const bo = YNotebook.create();
  const sync = (from: YNotebook, to: YNotebook) =>
    Y.applyUpdate(to.ydoc, Y.encodeStateAsUpdate(from.ydoc, Y.encodeStateVector(to.ydoc)), SERVER);
  bo.insertCells(0, [cell('a', 'one two'), cell('b', 'rest')]);
  sync(bo, ana);
  const edits = new Edits(ana, () => SERVER);
  const stranded: Typed[] = [];
  edits.stranded.connect((_, typed) => stranded.push(typed));
  return { ana, bo, edits, stranded, arrive: () => sync(bo, ana), send: () => sync(ana, bo) };
}

function cell(id: string, source: string) {
  return { id, cell_type: 'code' as const, source, metadata: {}, outputs: [], execution_count: null };
}

const type = (notebook: YNotebook, index: number, at: number, text: string) =>
  notebook.getCell(index).updateSource(at, at, text);

describe('Edits', () => {
  it('tells what was typed in a cell that somebody else has moved', () => {
    const { ana, bo, stranded, arrive } = pair();
    type(ana, 0, 7, ' three');
    ana.getCell(0).updateSource(0, 4);
    bo.moveCell(0, 1);
    arrive();
    expect(ana.cells.map(each => each.getSource())).toEqual(['rest', 'one two']);
    expect(stranded).toEqual([{ cell: 'a', base: 'one two', text: 'two three' }]);
  });

  it('are what somebody did, not what a kernel that starts writes into the metadata', () => {
    const { ana, edits } = pair();
    const made: string[] = [];
    edits.made.connect((_, place) => made.push(place));
    ana.setMetadata('kernelspec', { name: 'python3', display_name: 'Python 3' });
    ana.setMetadata('language_info', { name: 'python' });
    expect(made).toEqual([]);
    ana.setMetadata('title', 'Forecast');
    type(ana, 0, 0, '!');
    expect(made).toEqual(['', 'a']);
  });

  it('begins where the server had all of it', () => {
    const { ana, bo, edits, stranded, arrive, send } = pair();
    type(ana, 0, 7, ' three');
    edits.asked();
    type(ana, 0, 13, ' four');
    edits.answered();
    expect(edits.typed).toEqual([{ cell: 'a', base: 'one two three', text: 'one two three four' }]);
    bo.moveCell(0, 1);
    arrive();
    expect(stranded).toEqual([{ cell: 'a', base: 'one two three', text: 'one two three four' }]);
    type(ana, 0, 4, '!');
    edits.asked();
    edits.answered();
    expect(edits.typed).toEqual([]);
    send();
    bo.moveCell(0, 1);
    arrive();
    expect(stranded).toHaveLength(1);
  });

  it('takes what one deletes or moves oneself for meant', () => {
    const { ana, bo, edits, stranded, arrive } = pair();
    type(ana, 0, 0, '!');
    ana.moveCell(0, 1);
    type(ana, 0, 0, '?');
    ana.deleteCell(0);
    bo.insertCell(0, cell('c', 'new'));
    arrive();
    expect(stranded).toEqual([]);
    expect(edits.typed).toEqual([]);
  });

  it('knows what was typed with what others typed in between', () => {
    const { ana, bo, stranded, arrive } = pair();
    type(ana, 0, 0, 'zero ');
    type(bo, 0, 7, ' three');
    arrive();
    bo.deleteCell(0);
    arrive();
    expect(stranded).toEqual([{ cell: 'a', base: 'one two', text: 'zero one two three' }]);
  });
});

describe('Rescue', () => {
  it('asks until it is answered; until then nothing is saved', () => {
    const { ana, bo, edits, arrive } = pair();
    const saving = new Saving({ mark: () => true });
    saving.connected();
    const sent: [number, Typed][] = [];
    let online = false;
    const rescue = new Rescue(edits, saving, (id, typed) => {
      sent.push([id, typed]);
      return online;
    });
    const gone: Typed[] = [];
    rescue.gone.connect((_, typed) => gone.push(typed));
    type(ana, 0, 0, '!');
    bo.moveCell(0, 1);
    arrive();
    const typed = { cell: 'a', base: 'one two', text: '!one two' };
    expect([saving.state, saving.changes, saving.unsafe]).toEqual(['saving', 1, true]);
    online = true;
    rescue.connected();
    expect(sent).toEqual([
      [1, typed],
      [1, typed]
    ]);
    rescue.answered(7, true);
    expect(rescue.waiting).toEqual([typed]);
    rescue.answered(1, true);
    expect([saving.state, saving.changes, saving.unsafe]).toEqual(['saved', 0, false]);
    expect(gone).toEqual([]);
    rescue.add(typed);
    rescue.answered(2, false);
    expect(gone).toEqual([typed]);
    saving.dispose();
  });
});
