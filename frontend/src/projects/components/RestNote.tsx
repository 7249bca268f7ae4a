import { Button, ErrorNote, OperationLine, useAction, useModel } from '../../ui';
import type { ProjectsModel } from '../model';

/** That only the last commits of a project were cloned, and the way to the others; nothing where all are here. */
export function RestNote({ model, project }: { model: ProjectsModel; project: string }): JSX.Element | null {
  useModel(model);
  const rest = useAction(() => model.fetchRest(project));
  const { shallow, may_write: mayWrite } = model.project(project) ?? {};
  if (!shallow) {
    return null;
  }
  const fetching = model.fetching(project);
  return (
    <div className="atrium-RestNote" onClick={event => event.stopPropagation()}>
      {fetching?.running ? null : (
        <div className="atrium-RestNote-line">
          <span className="atrium-List-label atrium-Muted" title="Only the last commits were cloned">
            Last commits only
          </span>
          {mayWrite ? (
            <Button
              kind="quiet"
              busy={rest.busy}
              title="Fetch the history before them, and the tags"
              onClick={() => void rest.run()}
            >
              Fetch the rest
            </Button>
          ) : null}
        </div>
      )}
      <OperationLine operation={fetching} />
      <ErrorNote error={rest.error} />
    </div>
  );
}
