import type { Review } from '../git';
import type { Branch, Project, ProjectsModel } from '../model';
import { Diff } from './Diff';

/** The files of a review, and what is said about their cells. */
export function ReviewFiles(props: {
  projects: ProjectsModel;
  project: Project;
  review: Review;
}): JSX.Element {
  const { projects, project, review } = props;
  const Discussion = projects.discussion;
  const folder = folderOf(project, review.branch);
  return (
    <>
      {review.files.map(file => (
        <Diff
          key={file.path}
          diff={file}
          {...(Discussion
            ? {
                below: cell =>
                  cell?.id === '' ? null : (
                    <Discussion
                      path={`${folder}/${file.path}`}
                      cell={cell?.id ?? ''}
                      name={cell ? `cell ${cell.index} of ${file.path}` : file.path}
                    />
                  )
              }
            : {})}
        />
      ))}
    </>
  );
}

/** Where a branch is, or would be, checked out; that is how comments know it. */
export function folderOf(project: Pick<Project, 'folder' | 'branches'>, branch: Branch['name']): string {
  const known = project.branches.find(one => one.name === branch)?.folder;
  return known ?? `${project.folder}/${branch.replaceAll('/', '~')}`;
}
