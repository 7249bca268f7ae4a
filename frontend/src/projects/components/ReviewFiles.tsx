import { useMemo } from 'react';

import { Button, commentIcon } from '../../ui';
import type { FileDiff, Review } from '../git';
import { placesIn } from '../remarks';
import type { ReviewTalk } from '../tokens';
import { Diff } from './Diff';

interface Props {
  review: Review;
  talk: ReviewTalk | null;
}

/** The files of a review, and what is said about them. */
export function ReviewFiles({ review, talk }: Props): JSX.Element {
  return (
    <>
      {review.files.map(file => (
        <ReviewFile key={file.path} file={file} talk={talk} />
      ))}
      {talk?.elsewhere(review.files.map(file => file.path))}
    </>
  );
}

function ReviewFile({ file, talk }: { file: FileDiff; talk: ReviewTalk | null }): JSX.Element {
  const places = useMemo(() => placesIn(file), [file]);
  return (
    <div data-path={file.path}>
      <Diff
        diff={file}
        {...(talk
          ? { remarks: talk.on(file.path), beside: <OpenThreads talk={talk} path={file.path} /> }
          : {})}
      />
      {talk?.beyond(file.path, places)}
    </div>
  );
}

/** The files, with how many threads are open on each; a click goes there. */
export function ReviewFileList({
  review,
  talk,
  onGo
}: Props & { onGo: (path: string) => void }): JSX.Element {
  return (
    <ul className="atrium-Review-files" aria-label="Files">
      {review.files.map(file => (
        <li key={file.path}>
          <Button kind="quiet" onClick={() => onGo(file.path)}>
            <span className="atrium-List-label">{file.path}</span>
            <span className="atrium-Muted">{lines(file)}</span>
            {talk ? <OpenThreads talk={talk} path={file.path} /> : null}
          </Button>
        </li>
      ))}
    </ul>
  );
}

function lines(file: FileDiff): string {
  return file.added || file.removed ? `+${file.added} −${file.removed}` : '';
}

function OpenThreads({ talk, path }: { talk: ReviewTalk; path: string }): JSX.Element | null {
  const open = talk.open(path);
  return open ? (
    <span className="atrium-Review-open" title={said(open)} aria-label={said(open)}>
      <commentIcon.react tag="span" />
      {open}
    </span>
  ) : null;
}

/** "1 open thread", "2 open threads". */
export function said(open: number): string {
  return open === 1 ? '1 open thread' : `${open} open threads`;
}
