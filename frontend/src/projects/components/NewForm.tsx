import { useState } from 'react';

import { ApiError, faultOf } from '../../api/errors';
import { Button, ErrorNote, FormField, OperationLine, useAction } from '../../ui';
import { wantsSignIn } from '../credentials';
import type { NewProject, OpenedBranch, ProjectsModel } from '../model';
import { projectName } from '../words';
import { SignIn } from './SignIn';

export interface NewFormProps {
  model: ProjectsModel;
  /** The folder that the file browser shows, below the workspace's work folder. */
  folder: () => string;
  onBegun: (opened: OpenedBranch) => void;
  onClose: () => void;
}

type Source = NonNullable<NewProject['source']>;

const SOURCES: Record<Source, string> = {
  empty: 'Nothing but a README',
  example: 'The forecasting example',
  template: 'A template: another repository or project',
  folder: 'A folder of the workspace'
};

/** A project that is not cloned. */
export function NewForm({ model, folder, onBegun, onClose }: NewFormProps): JSX.Element {
  const [source, setSource] = useState<Source>('empty');
  const [ownName, setName] = useState<string | null>(null);
  const [template, setTemplate] = useState('');
  const [path, setPath] = useState<string | null>(null);
  const [remote, setRemote] = useState('');
  const from = path ?? folder();
  const suggested = {
    empty: '',
    example: 'forecast',
    template: projectName(template),
    folder: projectName(from)
  };
  const name = ownName ?? suggested[source];
  const begin = useAction(async () => {
    const opened = await model.begin({
      name,
      source,
      template: source === 'template' ? template : '',
      folder: source === 'folder' ? from : '',
      remote
    });
    if (opened) {
      onBegun(opened);
    }
  });
  const error = begin.error instanceof ApiError ? begin.error : null;
  const of = (field: string) => faultOf(error, field);
  const placed = ['name', 'template', 'folder', 'remote'].includes(error?.field ?? '');
  const text = (
    value: string,
    set: (value: string) => void,
    more: { placeholder?: string; autoFocus?: boolean } = {}
  ) =>
    function Input(control: { id: string; className: string }) {
      return (
        <input
          {...control}
          {...more}
          value={value}
          spellCheck={false}
          disabled={begin.busy}
          onChange={event => set(event.target.value)}
        />
      );
    };
  return (
    <>
      <form
        className="atrium-Form"
        aria-label="New project"
        onSubmit={event => {
          event.preventDefault();
          void begin.run();
        }}
      >
        <FormField label="Begin with">
          {control => (
            <select
              {...control}
              value={source}
              disabled={begin.busy}
              onChange={event => setSource(event.target.value as Source)}
            >
              {Object.entries(SOURCES).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </FormField>
        {source === 'template' ? (
          <FormField
            label="Template"
            hint="What it has now is taken, its history is not."
            error={of('template')}
          >
            {text(template, setTemplate, {
              placeholder: 'https://host/team/template.git, or a project here'
            })}
          </FormField>
        ) : null}
        {source === 'folder' ? (
          <FormField
            label="Folder"
            hint="It is copied, and stays. To bring one along, drag it into the file browser first."
            error={of('folder')}
          >
            {text(from, setPath, { placeholder: 'scratch/ana/study' })}
          </FormField>
        ) : null}
        <FormField label="Name" error={of('name')}>
          {text(name, value => setName(value || null), { autoFocus: true })}
        </FormField>
        <FormField
          label="Push to (optional)"
          hint="The address of an empty repository. Without one, this workspace keeps the history itself."
          error={of('remote')}
        >
          {text(remote, setRemote, { placeholder: 'https://host/team/repository.git' })}
        </FormField>
        {begin.busy ? <OperationLine operation={model.cloning} /> : null}
        {error && !placed ? <ErrorNote error={error} /> : null}
        <div className="atrium-Form-actions">
          <Button kind="quiet" onClick={onClose}>
            Close
          </Button>
          <Button
            kind={wantsSignIn(error) ? 'plain' : 'primary'}
            submit
            busy={begin.busy}
            disabled={!name || (source === 'template' && !template.trim())}
          >
            Create project
          </Button>
        </div>
      </form>
      <SignIn
        credentials={model.credentials}
        error={error}
        url={remote || template}
        verb="create it"
        onSignedIn={() => void begin.run()}
      />
    </>
  );
}
