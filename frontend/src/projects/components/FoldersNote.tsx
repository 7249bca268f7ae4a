import { Button } from '../../ui';
import { summary } from '../folders';
import type { Project, ProjectsModel } from '../model';

/** Which folders of a project are checked out, or that a few would do; and the way to others. */
export function FoldersNote({ model, project }: { model: ProjectsModel; project: Project }): JSX.Element {
  const folders = project.folders ?? null;
  return (
    <div className="atrium-RestNote" onClick={event => event.stopPropagation()}>
      <div className="atrium-RestNote-line">
        <span
          className="atrium-List-label atrium-Muted"
          title={
            folders?.length
              ? `Checked out, besides the files at the top: ${folders.join(', ')}`
              : folders
                ? 'No folder is checked out'
                : 'So many files slow git and the file browser down'
          }
        >
          {folders ? summary(folders) : 'Many files'}
        </span>
        {project.may_write ? (
          <Button kind="quiet" onClick={() => model.lives.ask({ kind: 'folders', project })}>
            {folders?.length ? 'Change' : 'Choose'}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
