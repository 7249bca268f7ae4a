import type { IOutput } from '@jupyterlab/nbformat';
import { type IRenderMimeRegistry, OutputModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { useContext, useLayoutEffect, useMemo, useRef, useState } from 'react';

import { Button, ErrorNote, useAction } from '../../ui';
import type { CellOutputs } from '../committing';
import { count } from '../words';
import { DiffOptions } from './diff-options';

/** The outputs of a changed cell: counted, and drawn when somebody wants to see them. */
export function Outputs(props: { path: string; part: string; changed: number }): JSX.Element {
  const { path, part, changed } = props;
  const { rendermime, outputs } = useContext(DiffOptions);
  const [shown, setShown] = useState<CellOutputs | null>(null);
  const show = useAction(async () => setShown((await outputs?.(path, part)) ?? null));
  return (
    <div className="atrium-Diff-outputs">
      <div className="atrium-Diff-title">
        <span className="atrium-Muted">{count(changed, 'output')} changed</span>
        {rendermime && outputs ? (
          <Button
            busy={show.busy}
            aria-expanded={shown !== null}
            onClick={() => (shown ? setShown(null) : void show.run())}
          >
            {shown ? 'Hide outputs' : 'Show outputs'}
          </Button>
        ) : null}
      </div>
      <ErrorNote error={show.error} />
      {shown && rendermime ? (
        <div className="atrium-Diff-outputSides">
          <Side name="Before" outputs={shown.before} rendermime={rendermime} />
          <Side name="Now" outputs={shown.after} rendermime={rendermime} />
        </div>
      ) : null}
    </div>
  );
}

interface SideProps {
  name: string;
  outputs: CellOutputs['before'];
  rendermime: IRenderMimeRegistry;
}

function Side({ name, outputs, rendermime }: SideProps): JSX.Element {
  return (
    <section className="atrium-Diff-outputSide" aria-label={`Outputs: ${name}`}>
      <div className="atrium-Muted">{name}</div>
      {outputs.length ? (
        outputs.map((output, index) => (
          <Output key={index} output={output as unknown as IOutput} rendermime={rendermime} />
        ))
      ) : (
        <p className="atrium-Empty">No output.</p>
      )}
    </section>
  );
}

/** One output, never trusted: whoever wrote the commit decides what is in it. */
function Output({ output, rendermime }: { output: IOutput; rendermime: IRenderMimeRegistry }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  const model = useMemo(() => modelOf(output), [output]);
  const mime = useMemo(
    () => (model ? rendermime.preferredMimeType(model.data, 'ensure') : undefined),
    [model, rendermime]
  );
  // A widget has to be detached before its place is gone.
  useLayoutEffect(() => {
    if (!mime || !model || !host.current) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    Widget.attach(renderer, host.current);
    renderer.renderModel(model).catch(() => setFailed(true));
    return () => renderer.dispose();
  }, [model, mime, rendermime]);
  const kinds = model && !failed ? Object.keys(model.data).join(', ') : '';
  if (!kinds) {
    return <p className="atrium-Empty">This output is damaged, so that it cannot be drawn.</p>;
  }
  if (!mime) {
    return (
      <p className="atrium-Empty">Not drawn here, as it could run code ({kinds}). The notebook shows it.</p>
    );
  }
  return <div ref={host} className="atrium-Diff-output" />;
}

/** Null of what is no output, whatever the file says. */
function modelOf(output: IOutput): OutputModel | null {
  try {
    return new OutputModel({ value: output, trusted: false });
  } catch {
    return null;
  }
}
