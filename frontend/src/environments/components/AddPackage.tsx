import type { FormEvent } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { ReportModel } from '../report';
import { Pins } from './Report';

/** Adds a package, or asks for another version: first what that comes to, then it is written. */
export function AddPackage({ model }: { model: ReportModel }): JSX.Element {
  const write = useAction(() => model.write());
  const { wanted, looking, proposal } = model;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted.trim()) {
      void model.look();
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
                model.wanted = event.target.value;
              }}
            />
          )}
        </FormField>
        <Button submit busy={looking} disabled={!wanted.trim()}>
          {looking ? 'Resolving' : 'Look what changes'}
        </Button>
      </form>
      <ErrorNote error={model.refusal ?? write.error} />
      {proposal ? (
        <div className="atrium-Report-proposal" role="status">
          {proposal.diff ? (
            <>
              <pre aria-label={`Change of ${proposal.file}`}>{proposal.diff}</pre>
              <Pins label="Pins that change" changes={proposal.changes} />
              <div className="atrium-Report-actions">
                <Button kind="primary" busy={write.busy} onClick={() => void write.run()}>
                  {`Write ${[proposal.file, proposal.lock].filter(Boolean).join(' and ')}`}
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
