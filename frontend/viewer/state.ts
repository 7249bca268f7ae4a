import { useCallback, useEffect, useReducer, useRef } from 'react';

import { asApiError } from '../src/api/errors';
import type { Choice } from '../src/ui/output';
import { type Answer, type ApiError, ask, getView, listen, type Values, type View } from './api';

export interface State {
  view: View | null;
  /** The page cannot be shown at all. */
  problem: ApiError | null;
  /** What the widgets show. */
  values: Values;
  /** What the numbers on the page were computed for. */
  shown: Values;
  /** What differs from the snapshot. */
  answer: Answer | null;
  /** Names of widgets whose consequences are being computed. */
  pending: readonly string[];
  /** Why the last choice could not be shown, and what was chosen. */
  failure: { error: ApiError; values: Values } | null;
  /** There are newer results than those on the page. */
  stale: boolean;
}

export const INITIAL: State = {
  view: null,
  problem: null,
  values: {},
  shown: {},
  answer: null,
  pending: [],
  failure: null,
  stale: false
};

export type Action =
  | { type: 'loaded'; view: View; keep: boolean }
  | { type: 'lost'; problem: ApiError }
  | { type: 'chosen'; values: Values; names: readonly string[] }
  | { type: 'answered'; values: Values; answer: Answer }
  | { type: 'failed'; error: ApiError; values: Values }
  | { type: 'stale' }
  | { type: 'dismissed' };

/** The values that the snapshot was made with. */
export function defaults(view: View): Values {
  return Object.fromEntries(view.widgets.map(widget => [widget.name, widget.value as Choice]));
}

/** Whether somebody has chosen something else than what the snapshot shows. */
export function touched(state: State): boolean {
  const first = state.view ? defaults(state.view) : {};
  return state.pending.length > 0 || Object.keys(first).some(name => state.values[name] !== first[name]);
}

/** Choices that a newer snapshot still offers. */
export function kept(view: View, values: Values): Values {
  const next = defaults(view);
  for (const widget of view.widgets) {
    const value = values[widget.name];
    if (value !== undefined && widget.choices.includes(value)) {
      next[widget.name] = value;
    }
  }
  return next;
}

/** What one thing that happens makes of the page. The old numbers stay until there are new ones. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'loaded': {
      const shown = defaults(action.view);
      const values = action.keep ? kept(action.view, state.values) : shown;
      return { ...INITIAL, view: action.view, values, shown };
    }
    case 'lost':
      return { ...INITIAL, problem: action.problem };
    case 'chosen':
      return { ...state, values: action.values, pending: action.names, failure: null };
    case 'answered':
      return { ...state, shown: action.values, answer: action.answer, pending: [], failure: null };
    case 'failed':
      // The widgets go back to what the numbers are of.
      return {
        ...state,
        values: state.shown,
        pending: [],
        failure: { error: action.error, values: action.values }
      };
    case 'stale':
      return { ...state, stale: true };
    case 'dismissed':
      return { ...state, failure: null };
  }
}

export interface Dashboard {
  state: State;
  choose: (name: string, value: Choice) => void;
  retry: () => void;
  dismiss: () => void;
  /** Show the newer results, with the same choices. */
  renew: () => void;
}

/** The page's state and all that it can do. */
export function useDashboard(): Dashboard {
  const [state, dispatch] = useReducer(reduce, INITIAL);
  const latest = useRef(state);
  useEffect(() => {
    latest.current = state;
  });
  const running = useRef<AbortController | null>(null);

  const load = useCallback(async (keep: boolean): Promise<View | null> => {
    try {
      const view = await getView();
      dispatch({ type: 'loaded', view, keep });
      return view;
    } catch (error) {
      // A page that shows something is not taken away because the network is.
      if (!latest.current.view || [401, 403, 404].includes(asApiError(error).status)) {
        dispatch({ type: 'lost', problem: asApiError(error) });
      }
      return null;
    }
  }, []);

  const answer = useCallback(
    async (values: Values, names: readonly string[]): Promise<void> => {
      running.current?.abort();
      const controller = (running.current = new AbortController());
      dispatch({ type: 'chosen', values, names });
      try {
        let found = await ask(values, controller.signal);
        if (found.snapshot !== latest.current.view?.snapshot) {
          // The results are newer than the page: both come together.
          const view = await load(true);
          if (view) {
            found = await ask(kept(view, values), controller.signal);
          }
        }
        if (!controller.signal.aborted) {
          dispatch({ type: 'answered', values: found.values, answer: found });
        }
      } catch (error) {
        if (controller.signal.aborted) {
          return;
        }
        const failure = asApiError(error);
        if ([401, 403].includes(failure.status)) {
          dispatch({ type: 'lost', problem: failure });
        } else {
          dispatch({ type: 'failed', error: failure, values });
        }
      }
    },
    [load]
  );

  const renew = useCallback(async (): Promise<void> => {
    const values = latest.current.values;
    const view = await load(true);
    if (view) {
      const next = kept(view, values);
      const names = Object.keys(next).filter(name => next[name] !== defaults(view)[name]);
      if (names.length) {
        await answer(next, names);
      }
    }
  }, [answer, load]);

  useEffect(() => {
    void load(false);
    void listen(told => {
      const { view } = latest.current;
      if (told === 'gone' || told === 'deleted') {
        void load(false);
      } else if (!touched(latest.current)) {
        void load(false);
      } else if (told === 'snapshot') {
        dispatch({ type: 'stale' });
      } else if (told === 'again' && view) {
        void getView().then(
          newer => newer.snapshot !== view.snapshot && dispatch({ type: 'stale' }),
          () => undefined
        );
      }
    });
  }, [load]);

  return {
    state,
    choose: (name, value) => {
      const names = [...new Set([...state.pending, name])];
      void answer({ ...state.values, [name]: value }, names);
    },
    retry: () => {
      const { failure, shown } = state;
      if (failure) {
        const names = Object.keys(failure.values).filter(name => failure.values[name] !== shown[name]);
        void answer(failure.values, names);
      }
    },
    dismiss: () => dispatch({ type: 'dismissed' }),
    renew: () => void renew()
  };
}
