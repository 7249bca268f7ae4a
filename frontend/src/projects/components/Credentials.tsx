import { useEffect, useState } from 'react';

import { Button, closeIcon, ErrorNote, List, plusIcon, RelativeTime, useAction, useModel } from '../../ui';
import { type CredentialsModel, described, type Followed, hostName, type Kept } from '../credentials';
import { CredentialForm } from './CredentialForm';

export interface CredentialsProps {
  model: CredentialsModel;
  projects: readonly Followed[];
  onClose: () => void;
}

/** What git signs in with on other hosts, and how to add and forget it. */
export function Credentials({ model, projects, onClose }: CredentialsProps): JSX.Element {
  useModel(model);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<string | null>(null);
  const load = () => model.load(projects.map(({ id, name }) => ({ id, name })));
  const { run } = useAction(load);
  useEffect(() => void run(), [run]);
  const remove = useAction(async (kept: Kept) => {
    await model.delete(kept);
    setLeaving(null);
  });
  return (
    <section className="atrium-Credentials" aria-label="Credentials">
      <header>
        <h3>Credentials</h3>
        {model.kept?.length && !adding ? (
          <Button kind="quiet" icon={plusIcon} onClick={() => setAdding(true)}>
            Add
          </Button>
        ) : null}
        <Button kind="quiet" icon={closeIcon} aria-label="Close credentials" onClick={onClose} />
      </header>
      {adding ? (
        <CredentialForm
          followed={model.followed}
          keep={async wish => {
            await model.keep(wish);
            await load();
          }}
          onClose={() => setAdding(false)}
        />
      ) : null}
      <ErrorNote error={remove.error} />
      {adding && !model.kept?.length ? null : (
        <List<Kept>
          label="Credentials"
          items={model.kept}
          itemKey={one => one.key}
          searchText={({ project, credential }) =>
            `${project?.name ?? ''} ${credential.host} ${credential.label}`
          }
          error={model.error}
          onRetry={() => void run()}
          empty={{
            message: 'None yet. With a token or an SSH key, git can reach private repositories as you.',
            action: { label: 'Add credential', run: () => setAdding(true) }
          }}
        >
          {kept =>
            leaving === kept.key ? (
              <>
                <span className="atrium-List-label">Delete it? It cannot be brought back.</span>
                <Button kind="quiet" autoFocus onClick={() => setLeaving(null)}>
                  Keep
                </Button>
                <Button kind="danger" busy={remove.busy} onClick={() => void remove.run(kept)}>
                  Delete
                </Button>
              </>
            ) : (
              <Row kept={kept} onDelete={() => setLeaving(kept.key)} />
            )
          }
        </List>
      )}
    </section>
  );
}

function Row({ kept, onDelete }: { kept: Kept; onDelete: () => void }): JSX.Element {
  const { credential, project } = kept;
  const host = hostName(credential.host);
  return (
    <>
      <span className="atrium-List-label" title={`${credential.host}: ${described(credential)}`}>
        {project ? `Following ${project.name}` : host}{' '}
        <span className="atrium-Muted">{credential.label || credential.user || described(credential)}</span>
      </span>
      {credential.last_used ? (
        <span className="atrium-Muted" title="When git was last given it">
          <RelativeTime time={credential.last_used} />
        </span>
      ) : (
        <span className="atrium-Muted">unused</span>
      )}
      <Button
        kind="quiet"
        aria-label={`Delete the credential for ${project ? `following ${project.name}` : host}`}
        icon={closeIcon}
        onClick={onDelete}
      />
    </>
  );
}
