import { useEffect, useState } from 'react';

import { Button, ErrorNote, OperationLine, useAction, useModel } from '../../ui';
import type { LargeFile, LargeFiles } from '../large-files';
import { size } from '../lives';
import { count } from '../words';

export interface LargeFilesViewProps {
  model: LargeFiles;
  /** Listed anew when it changes. */
  head: string;
}

/** Files of which only the pointers of Git LFS are here, and fetching them; nothing where there are none. */
export function LargeFilesView({ model, head }: LargeFilesViewProps): JSX.Element | null {
  useModel(model);
  const [open, setOpen] = useState(false);
  const load = useAction(() => model.load());
  const { run } = load;
  useEffect(() => void run(), [run, head]);
  const fetch = useAction((paths: readonly string[]) => model.fetch(paths));
  const { missing, fetching } = model;
  if (!missing.length && !load.error) {
    return null;
  }
  const total = missing.reduce((sum, file) => sum + file.size, 0);
  const one = missing.length === 1 ? missing[0] : undefined;
  return (
    <section className="atrium-LargeFiles" aria-label="Large files">
      {missing.length ? (
        <div className="atrium-LargeFiles-row">
          <span className="atrium-List-label">
            {one
              ? `${one.path} is stored in Git LFS, ${size(one.size)}; only a pointer is here.`
              : `${count(missing.length, 'file')} are stored in Git LFS, ${size(total)}; only pointers are here.`}
          </span>
          {one ? null : (
            <Button kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? 'Hide' : 'Show'}
            </Button>
          )}
          <Button busy={fetch.busy} onClick={() => void fetch.run([])}>
            {one ? 'Fetch' : 'Fetch all'}
          </Button>
        </div>
      ) : null}
      {open && !one ? (
        <ul aria-label="Files stored in Git LFS">
          {missing.map(file => (
            <Row key={file.path} file={file} busy={fetch.busy} onFetch={() => void fetch.run([file.path])} />
          ))}
        </ul>
      ) : null}
      <OperationLine operation={fetching} />
      <ErrorNote error={load.error ?? fetch.error} />
    </section>
  );
}

function Row({ file, busy, onFetch }: { file: LargeFile; busy: boolean; onFetch: () => void }): JSX.Element {
  return (
    <li className="atrium-LargeFiles-row">
      <span className="atrium-List-label" title={file.path}>
        {file.path}
      </span>
      <span className="atrium-Muted atrium-Number">{size(file.size)}</span>
      <Button kind="quiet" disabled={busy} aria-label={`Fetch ${file.path}`} onClick={onFetch}>
        Fetch
      </Button>
    </li>
  );
}
