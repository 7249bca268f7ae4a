import { useRef, useState } from 'react';

import { ApiError, faultOf } from '../../api/errors';
import { Button, ErrorNote, FormField, OperationLine, useAction } from '../../ui';
import { wantsSignIn } from '../credentials';
import type { OpenedBranch, ProjectsModel, RepositorySize } from '../model';
import { size } from '../lives';
import { projectName } from '../words';
import { SignIn } from './SignIn';

export interface CloneFormProps {
  model: ProjectsModel;
  onCloned: (opened: OpenedBranch) => void;
  /** Absent where there is nothing else to show. */
  onClose?: () => void;
}

/** So many commits are the last ones. */
const RECENT = 50;

/** One field for the address; the name follows it until somebody edits it. Progress and errors stay in place. */
export function CloneForm({ model, onCloned, onClose }: CloneFormProps): JSX.Element {
  const [url, setUrl] = useState('');
  const [ownName, setName] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const name = ownName ?? projectName(url);
  const [recent, setRecent] = useState(false);
  const [some, setSome] = useState(false);
  /** Of the repository that turned out to be large. */
  const [large, setLarge] = useState<RepositorySize | null>(null);
  const warned = large?.url === url.trim();
  const clone = useAction(async (address: string, called: string) => {
    if (!warned && !recent) {
      // What its host does not tell is no reason not to clone it.
      const told = await model.size(address).catch(() => null);
      if (told?.large) {
        setLarge(told);
        setRecent(true);
        return;
      }
    }
    const opened = await model.clone(address, called, recent ? RECENT : 0, some ? [] : null);
    if (opened) {
      const project = some ? model.project(opened.project) : null;
      model.lives.ask(project && { kind: 'folders', project, fresh: true });
      onCloned(opened);
    }
  });
  const suggestion = url ? undefined : model.suggestions[0];
  const error = clone.error instanceof ApiError ? clone.error : null;
  return (
    <>
      <form
        className="atrium-Form atrium-CloneForm"
        aria-label="Clone repository"
        onSubmit={event => {
          event.preventDefault();
          if (url.trim()) {
            void clone.run(url, name);
          } else {
            field.current?.focus();
          }
        }}
      >
        <FormField label="Repository URL" hint="https:// or ssh://" error={faultOf(error, 'url')}>
          {control => (
            <input
              {...control}
              ref={field}
              autoFocus={onClose !== undefined}
              placeholder="https://host/team/repository.git"
              value={url}
              spellCheck={false}
              disabled={clone.busy}
              onChange={event => setUrl(event.target.value)}
            />
          )}
        </FormField>
        {url.trim() ? (
          <FormField label="Name" error={faultOf(error, 'name')}>
            {control => (
              <input
                {...control}
                value={name}
                spellCheck={false}
                disabled={clone.busy}
                onChange={event => setName(event.target.value || null)}
              />
            )}
          </FormField>
        ) : null}
        {url.trim() ? (
          <>
            {warned && large?.bytes ? (
              <p className="atrium-CloneForm-large" role="status">
                It is large: {size(large.bytes)} with all its history.
              </p>
            ) : null}
            <label
              className="atrium-Check"
              title="The files are all there. The history before these commits can be fetched later."
            >
              <input
                type="checkbox"
                checked={recent}
                disabled={clone.busy}
                onChange={event => setRecent(event.target.checked)}
              />
              Only the last {RECENT} commits
            </label>
            <label
              className="atrium-Check"
              title="Once the repository is here, its folders are listed with their sizes: choose. Others can be added later."
            >
              <input
                type="checkbox"
                checked={some}
                disabled={clone.busy}
                onChange={event => setSome(event.target.checked)}
              />
              Only some folders
            </label>
          </>
        ) : null}
        {clone.busy ? <OperationLine operation={model.cloning} /> : null}
        {error && !error.field ? <ErrorNote error={error} /> : null}
        <div className="atrium-Form-actions">
          {onClose ? (
            <Button kind="quiet" onClick={onClose}>
              Close
            </Button>
          ) : null}
          {suggestion ? (
            <Button
              disabled={clone.busy}
              title={suggestion.url}
              onClick={() => {
                setUrl(suggestion.url);
                setName(suggestion.name);
                void clone.run(suggestion.url, suggestion.name);
              }}
            >
              Clone example
            </Button>
          ) : null}
          <Button kind={wantsSignIn(error) ? 'plain' : 'primary'} submit busy={clone.busy}>
            Clone
          </Button>
        </div>
      </form>
      <SignIn
        credentials={model.credentials}
        error={error}
        url={url}
        verb="clone"
        onSignedIn={() => void clone.run(url, name)}
      />
    </>
  );
}
