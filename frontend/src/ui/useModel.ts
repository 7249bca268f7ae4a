import type { ISignal } from '@lumino/signaling';
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';

import { ApiError, asApiError } from '../api/errors';

export interface Changing {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as Lumino types a signal of any kind
  readonly changed: ISignal<any, any>;
}

/** Draw again whenever `model` says it has changed. Returns the model; null is allowed and never changes. */
export function useModel<M extends Changing | null>(model: M): M {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!model) {
      return;
    }
    const onChanged = () => redraw();
    model.changed.connect(onChanged);
    // It may have changed between drawing and subscribing.
    redraw();
    return () => void model.changed.disconnect(onChanged);
  }, [model]);
  return model;
}

export interface Action<Arguments extends unknown[]> {
  /** Runs it; resolves to true when it succeeded. A second call while it runs is ignored. */
  run: (...args: Arguments) => Promise<boolean>;
  busy: boolean;
  /** Why the last run failed; null while running and after success. */
  error: ApiError | null;
  clear: () => void;
}

/** Something a person sets off: busy while it runs, its error kept for showing where they are. */
export function useAction<Arguments extends unknown[]>(
  action: (...args: Arguments) => unknown
): Action<Arguments> {
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  const running = useRef(false);
  const [state, setState] = useState<{ busy: boolean; error: ApiError | null }>({ busy: false, error: null });
  const run = useCallback(async (...args: Arguments): Promise<boolean> => {
    if (running.current) {
      return false;
    }
    running.current = true;
    setState({ busy: true, error: null });
    try {
      await latest.current(...args);
      setState({ busy: false, error: null });
      return true;
    } catch (error) {
      setState({ busy: false, error: asApiError(error) });
      return false;
    } finally {
      running.current = false;
    }
  }, []);
  const clear = useCallback(() => setState(({ busy }) => ({ busy, error: null })), []);
  return { run, ...state, clear };
}
