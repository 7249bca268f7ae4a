import { useState } from 'react';

import { ApiError, faultOf } from '../../api/errors';
import { Button, ErrorNote, FormField, OperationLine, useAction } from '../../ui';
import { wantsSignIn } from '../credentials';
import type { Project, ProjectsModel } from '../model';
import { SignIn } from './SignIn';

/** Gives a project that began without a remote one. */
export function ConnectForm({ model, project }: { model: ProjectsModel; project: Project }): JSX.Element {
  const [url, setUrl] = useState('');
  const connect = useAction(async () => {
    await model.connect(project.id, url.trim());
    model.lives.ask(null);
  });
  const error = connect.error instanceof ApiError ? connect.error : null;
  const about = faultOf(error, 'url');
  return (
    <>
      <form
        className="atrium-Form"
        aria-label="Connect to a remote"
        onSubmit={event => {
          event.preventDefault();
          if (url.trim()) {
            void connect.run();
          }
        }}
      >
        <h3>Connect {project.name} to a remote</h3>
        <FormField
          label="Repository URL"
          hint="An empty one on your git host; everything is pushed there."
          error={about}
        >
          {control => (
            <input
              {...control}
              autoFocus
              placeholder="https://host/team/repository.git"
              value={url}
              spellCheck={false}
              disabled={connect.busy}
              onChange={event => setUrl(event.target.value)}
            />
          )}
        </FormField>
        {connect.busy ? <OperationLine operation={model.connecting} /> : null}
        {error && !about ? <ErrorNote error={error} /> : null}
        <div className="atrium-Form-actions">
          <Button kind="quiet" onClick={() => model.lives.ask(null)}>
            Close
          </Button>
          <Button kind={wantsSignIn(error) ? 'plain' : 'primary'} submit busy={connect.busy}>
            Connect and push
          </Button>
        </div>
      </form>
      <SignIn
        credentials={model.credentials}
        error={error}
        url={url}
        verb="connect"
        onSignedIn={() => void connect.run()}
      />
    </>
  );
}
