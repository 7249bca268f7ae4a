import { type KeyboardEvent, useId } from 'react';

import { ApiError } from '../../api/errors';
import { Button, ErrorNote, ProgressLine, refreshIcon, useAction, useModel } from '../../ui';
import { noteOf, stateOf } from '../words';
import type { WatchModel } from '../watching';

/** A cluster's own pages, a bar to choose between them, and what there is to say while there are none. */
export function WatchView({ model }: { model: WatchModel }): JSX.Element {
  useModel(model);
  const panel = useId();
  const { cluster, address } = model;
  return (
    <div className="atrium-Watch">
      <header className="atrium-Watch-bar">
        <Pages model={model} panel={panel} />
        <span className="atrium-Muted" role="status">
          {cluster ? stateOf(cluster) : ''}
        </span>
        <Button
          kind="quiet"
          icon={refreshIcon}
          aria-label="Reload"
          disabled={!address}
          onClick={() => void model.reload()}
        />
      </header>
      <div id={panel} className="atrium-Watch-body" role="tabpanel" aria-label={cluster?.name ?? 'Cluster'}>
        {address ? (
          <div className="atrium-Watch-frame jp-IFrame">
            {/* What tasks are called is anybody's text: no part of this origin, and nothing but scripts. */}
            <iframe
              key={model.loads}
              sandbox="allow-scripts"
              referrerPolicy="no-referrer"
              title={`${cluster?.name ?? 'Cluster'}: ${titleOf(model)}`}
              src={address}
            />
          </div>
        ) : (
          <Without model={model} />
        )}
      </div>
    </div>
  );
}

function titleOf(model: WatchModel): string {
  return model.pages.find(one => one.path === model.path)?.name ?? '';
}

function Pages({ model, panel }: { model: WatchModel; panel: string }): JSX.Element {
  const { pages, path } = model;
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = pages.findIndex(one => one.path === path);
    const next = step ? pages[(at + step + pages.length) % pages.length] : undefined;
    if (next) {
      event.preventDefault();
      model.choose(next.path);
      (event.currentTarget.children[pages.indexOf(next)] as HTMLElement).focus();
    }
  };
  return (
    <div className="atrium-Tabs" role="tablist" aria-label="Pages" onKeyDown={onKeyDown}>
      {pages.map(page => (
        <button
          key={page.path}
          type="button"
          role="tab"
          aria-selected={page.path === path}
          aria-controls={panel}
          tabIndex={page.path === path ? 0 : -1}
          onClick={() => model.choose(page.path)}
        >
          {page.name}
        </button>
      ))}
    </div>
  );
}

function Without({ model }: { model: WatchModel }): JSX.Element {
  const { cluster, clusters, error } = model;
  const start = useAction(() => clusters.restart(model.id));
  if (clusters.error && !clusters.clusters) {
    return <ErrorNote error={clusters.error} onRetry={() => clusters.refresh()} />;
  }
  if (cluster === undefined) {
    return (
      <div className="atrium-Skeleton" role="status" aria-label="Loading the cluster">
        <span />
        <span />
      </div>
    );
  }
  if (cluster === null) {
    return <p className="atrium-Empty">This cluster has been deleted.</p>;
  }
  if (error) {
    return <ErrorNote error={error} onRetry={() => void model.reload()} />;
  }
  switch (cluster.state) {
    case 'failed':
      return (
        <ErrorNote
          error={
            start.error ?? (cluster.error ? new ApiError(0, cluster.error) : `${cluster.name} has failed.`)
          }
          onRetry={() => void start.run()}
          retryLabel="Restart"
        />
      );
    case 'stopped':
      return (
        <div className="atrium-Empty">
          <p>{noteOf(cluster) ?? `${cluster.name} is stopped.`} Its pages are there while it runs.</p>
          <Button kind="primary" busy={start.busy} onClick={() => void start.run()}>
            Start
          </Button>
          <ErrorNote error={start.error} />
        </div>
      );
    case 'running':
      return <ProgressLine message={`${cluster.name} starts its pages`} />;
    default:
      return <ProgressLine message={`${cluster.name}: ${stateOf(cluster)}`} />;
  }
}
