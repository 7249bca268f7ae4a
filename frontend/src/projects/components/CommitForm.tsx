import { useState } from 'react';

import { ApiError } from '../../api/errors';
import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { LastCommit } from '../committing';
import type { GitModel, Status } from '../git';
import type { Project, ProjectsModel } from '../model';
import { coAuthors, suggestedSummary } from '../words';

export interface CommitFormProps {
  model: GitModel;
  status: Status;
  projects: ProjectsModel;
  project: Project;
}

/** What it is that changed, in words, and the commit of what is ticked. */
export function CommitForm({ model, status, projects, project }: CommitFormProps): JSX.Element {
  const { committing } = model;
  const [own, setSummary] = useState<string | null>(null);
  const [description, setDescription] = useState('');
  const [last, setLast] = useState<LastCommit | null>(null);
  const [without, setWithout] = useState<ReadonlySet<string>>(new Set());
  const files = status.files.map(file => file.path);
  const summary = own ?? suggestedSummary(status.files, committing.staging.of(files));
  const ticked = files.filter(path => committing.staging.state(path) !== 'none');
  const people = coAuthors(status.editors ?? [], ticked, last?.co_authors ?? []);
  const commit = useAction(async (push: boolean) => {
    await committing.commit(files, {
      summary,
      description,
      co_authors: people.map(one => one.name).filter(name => !without.has(name)),
      amend: last?.commit.sha ?? ''
    });
    if (push) {
      await model.push();
    }
  });
  const amend = useAction(async () => {
    const found = await committing.lastCommit();
    if (found.refused) {
      throw new ApiError(409, found.refused);
    }
    setLast(found);
    setSummary(found.commit.summary);
    setDescription(found.commit.description);
  });
  const keep = () => {
    setLast(null);
    setSummary(null);
    setDescription('');
  };
  const strip = useAction((on: boolean) => projects.setStripOutputs(project.id, on));
  const about = commit.error?.field === 'summary';
  const verb = last ? 'Amend' : 'Commit';
  const amending = (
    <>
      <label className="atrium-Check">
        <input
          type="checkbox"
          checked={last !== null || amend.busy}
          disabled={amend.busy}
          onChange={event => (event.target.checked ? void amend.run() : keep())}
        />
        Amend the last commit
      </label>
      <ErrorNote error={amend.error} />
    </>
  );
  if (!files.length && !last) {
    return <div className="atrium-Form">{amending}</div>;
  }
  return (
    <form
      className="atrium-Form"
      aria-label="Commit"
      onSubmit={event => {
        event.preventDefault();
        void commit.run(false);
      }}
    >
      <FormField label="Summary" error={about ? commit.error?.message : null}>
        {control => <input {...control} value={summary} onChange={event => setSummary(event.target.value)} />}
      </FormField>
      <FormField label="Description">
        {control => (
          <textarea
            {...control}
            rows={3}
            value={description}
            onChange={event => setDescription(event.target.value)}
          />
        )}
      </FormField>
      {people.map(({ name, label }) => (
        <label key={name} className="atrium-Check">
          <input
            type="checkbox"
            checked={!without.has(name)}
            onChange={event => {
              const next = new Set(without);
              if (event.target.checked) {
                next.delete(name);
              } else {
                next.add(name);
              }
              setWithout(next);
            }}
          />
          {label}
        </label>
      ))}
      {amending}
      <label
        className="atrium-Check"
        title="For everybody in this project; the files here keep their outputs"
      >
        <input
          type="checkbox"
          checked={(project.strip_outputs ?? false) !== strip.busy}
          disabled={strip.busy}
          onChange={event => void strip.run(event.target.checked)}
        />
        Commit notebooks of {project.name} without outputs
      </label>
      <ErrorNote error={strip.error} />
      {commit.error && !about ? <ErrorNote error={commit.error} /> : null}
      <div className="atrium-Form-actions">
        <Button submit busy={commit.busy} disabled={!ticked.length && !last}>
          {verb}
        </Button>
        <Button
          kind="primary"
          busy={commit.busy}
          disabled={!ticked.length && !last}
          onClick={() => void commit.run(true)}
        >
          {verb} and push
        </Button>
      </div>
    </form>
  );
}
