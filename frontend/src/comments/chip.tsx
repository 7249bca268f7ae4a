import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { Chip, commentIcon, useModel } from '../ui';
import type { NotebookThreads } from './notebook';

interface CommentsChipProps {
  threads: NotebookThreads;
  onShow: () => void;
  onCompose: () => void;
}

/** How many threads are open. A click shows them, or begins a comment on the words that are selected. */
function CommentsChip({ threads, onShow, onCompose }: CommentsChipProps): JSX.Element {
  useModel(threads);
  const count = threads.openCount;
  const said = count === 1 ? '1 open comment' : `${count || 'No'} open comments`;
  return (
    <Chip
      icon={commentIcon}
      label={count || ''}
      title={`${said}. Ctrl+Alt+M comments on the selection.`}
      onClick={() => (threads.hasSelection ? onCompose() : onShow())}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function commentsChip(threads: NotebookThreads, onShow: () => void, onCompose: () => void): Widget {
  const widget = ReactWidget.create(<CommentsChip threads={threads} onShow={onShow} onCompose={onCompose} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
