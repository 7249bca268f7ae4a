import { useEffect, useState } from 'react';

import type { Review } from '../git';
import type { ProjectsModel } from '../model';
import type { ReviewTalk } from '../tokens';

/** What is said in the review of a branch, for as long as it is shown; null where no room tells. */
export function useReviewTalk(projects: ProjectsModel, project: string, review: Review): ReviewTalk | null {
  const { branch, head, fork = '' } = review;
  const [talk] = useState(() => projects.talk?.({ project, branch, head, fork }) ?? null);
  useEffect(() => () => talk?.dispose(), [talk]);
  useEffect(() => talk?.follow({ project, branch, head, fork }), [talk, project, branch, head, fork]);
  return talk;
}
