import { type FormEvent, useState } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { ReportModel } from '../report';
import { Pins } from './Report';

/** Adds a package, or asks for another version: first what that comes to, then it is written. */
export function AddPackage({ model }: { model: ReportModel }): JSX.Element {
  const [wanted, setWanted] = useState('');
  const look = useAction(() => model.propose(wanted.trim()));
  const write = useAction(async () => {
    await model.write();
    setWanted('');
  });
  const { proposal } = model;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted.trim()) {
      void look.run();
    }
  };
  return (
    <section aria-label="Add or upgrade a package">
      <h3>Add or upgrade a package</h3>
      <form className="atrium-Report-add" onSubmit={submit}>
        <FormField
          label="Package"
          hint="Its name, with a version if that matters: polars, or polars>=1. Nothing is written yet."
        >
          {field => (
            <input
              {...field}
              spellCheck={false}
              placeholder="polars>=1"
              value={wanted}
              onChange={event => {
                setWanted(event.target.value);
                model.dismiss();
                look.clear();
              }}
            />
          )}
        </FormField>
        <Button submit busy={look.busy} disabled={!wanted.trim()}>
          {look.busy ? 'Resolving' : 'Look what changes'}
        </Button>
      </form>
      <ErrorNote error={look.error ?? write.error} />
      {proposal ? (
        <div className="atrium-Report-proposal" role="status">
          {proposal.diff ? (
            <>
              <pre aria-label={`Change of ${proposal.file}`}>{proposal.diff}</pre>
              <Pins label="Pins that change" changes={proposal.changes} />
              <div className="atrium-Report-actions">
                <Button kind="primary" busy={write.busy} onClick={() => void write.run()}>
                  {`Write ${proposal.file}`}
                </Button>
                <Button onClick={() => model.dismiss()}>Leave it</Button>
              </div>
            </>
          ) : (
            <p>{proposal.file} asks for exactly that already.</p>
          )}
        </div>
      ) : null}
    </section>
  );
}
